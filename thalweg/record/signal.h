// How the signal passes the layers of a network, forwards and backwards, at one point and on one batch.
//
// What was not measured, or cannot be, is kNoSignal (NaN). Errors are half-widths of 95% intervals.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

inline constexpr double kNoSignal = std::numeric_limits<double>::quiet_NaN();

// Whether this depth lets two inputs be told apart at the output. deep: depth ≥ limit · ξ, by the whole interval of ξ;
// passes: below it by the whole interval.
enum class DepthVerdict { cannot_tell, passes, too_deep };
std::string_view name(DepthVerdict verdict);

struct Signal {
  struct Jacobian {                  // ∂ output / ∂ input of a row
    double norm = kNoSignal;         // largest singular value, mean over rows
    double norm_error = kNoSignal;   // of that mean
    double mean_square = kNoSignal;  // ‖J‖²_F / inputs, mean over rows
    double mean_square_error = kNoSignal;
    double condition = kNoSignal;  // largest over smallest singular value, median over rows; only where exact
    std::int64_t rows = 0;         // that it was taken at
    bool exact = false;            // all singular values are known; else the norm is by Golub-Kahan
  };
  struct Layer {
    std::string name;                          // "linear3"
    std::string type;                          // "linear", or a foreign network's class
    std::string activation;                    // "tanh", "none"
    std::int64_t units = 0;                    // features or channels
    bool weighted = false;                     // one of the steps that depth is counted in
    double mean = kNoSignal, rms = kNoSignal;  // of the outputs
    double gradient_rms = kNoSignal;           // of B ∂L/∂output
    double correlation = kNoSignal;            // mean over pairs of rows
    double correlation_error = kNoSignal;
    double effective_rank = kNoSignal;
    // shares of units, on these rows
    double dead = kNoSignal, dormant = kNoSignal, saturated = kNoSignal, cloned = kNoSignal;
    Jacobian jacobian;
  };
  std::vector<Layer> layers;  // in the order in which the forward comes to their ends
  std::int64_t rows = 0;
  double loss = kNoSignal;
  double backward_gain = kNoSignal;  // gradient_rms at the first weighted layer over that at the last
  Jacobian whole;                    // from the input to the output

  std::int64_t depth = 0;  // weighted layers between the input and the output layer
  double length = kNoSignal, length_low = kNoSignal, length_high = kNoSignal;  // ξ, in layers; high may be infinite
  double limit = kNoSignal;    // c*, where the correlation stands at the end
  double lengths = kNoSignal;  // depth / ξ; so many e-folds of what tells two inputs apart
  double lengths_low = kNoSignal, lengths_high = kNoSignal;
  DepthVerdict verdict = DepthVerdict::cannot_tell;
  std::string reason;  // in plain words: "this depth is 7.1 ξ …"

  double gradient_units = 0.0;  // what it cost
};

// layer × step: one quantity of a run, from its store.
struct HeatMap {
  std::string title;  // "activation_gradient_rms"
  std::string unit;
  std::vector<std::string> layers;  // first layer first
  std::vector<std::int64_t> steps;  // ascending
  std::vector<double> values;       // [layers × steps], row by row; NaN: not measured
};

}  // namespace thalweg
