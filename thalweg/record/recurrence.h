// What a recurrent layer makes of the past: what its step does to a change of its state, forwards and backwards in
// time. s_t: the state, [units] (h of rnn and gru) or [2 units] (h and c of lstm together); J_t = ∂s_t/∂s_(t−1).
#pragma once

#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "thalweg/record/run.h"

namespace thalweg {

struct RecurrentLayer {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  // W = V diag(λ) V⁻¹, so that W^t = V diag(λ)^t V⁻¹. Where V is far from orthogonal, ‖W^t‖ may grow to its condition
  // before ρ^t is seen (Trefethen, Embree 2005).
  struct Matrix {
    std::string name;                               // "W", "W of the forget gate", "mean J_t"
    std::vector<std::complex<double>> eigenvalues;  // largest first
    double radius = 0.0;                            // ρ, the largest |λ|
    double condition = 0.0;  // ‖V‖₂ ‖V⁻¹‖₂, columns of length 1; 1: normal; infinite: not diagonalisable
    std::vector<std::int64_t> power;  // t
    std::vector<double> power_norm;   // ‖W^t‖₂
  };
  struct Exponent {
    double value = 0.0;  // 1/step; −∞: a direction that is forgotten at once
    double error = 0.0;  // 95% over rows; NaN where there is but one
  };

  std::string layer;  // "rnn1"; of several levels in one layer "rnn1.1", "rnn1.2"
  std::string kind;   // "rnn" | "gru" | "lstm"
  std::int64_t units = 0;
  std::int64_t time = 0;  // steps of the sequence
  std::int64_t rows = 0;  // that were looked at

  std::vector<Matrix> matrices;  // of each gate, and of the mean J_t along the sequence
  double radius = kUnknown;      // of W for rnn, else of the mean J_t; NaN: not measured

  std::vector<Exponent> exponents;  // of Lyapunov, largest first
  bool all_exponents = false;       // or only the largest

  // At distance k = 0 … time − 1 from the end: geometric mean over rows of ‖∂L/∂s_(T−k)‖ / ‖∂L/∂s_T‖, with its 95%
  // interval. L as far as it depends on the last state: a loss at each step would hide how far back that one reaches.
  std::vector<double> gradient, gradient_low, gradient_high;
  Interval decay{kUnknown, kUnknown,
                 kUnknown};  // slope of its logarithm, per step back in time: below 0 the gradient vanishes
  Interval horizon{
      kUnknown, kUnknown,
      kUnknown};              // steps back at which it has fallen to a hundredth for good; infinite where it never does
  bool horizon_seen = false;  // within the sequence; else by the slope
};

}  // namespace thalweg
