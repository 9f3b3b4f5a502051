// How the signal passes the layers, measured on one batch: h_l, the outputs of layer l, and their gradients.
//
//     activation_rms           √(mean of h²)                              Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015
//     activation_gradient_rms  √(mean of (B ∂L/∂h)²)                      B rows, L their mean loss
//     backward_gain            its value at the first over that at the last weighted layer
//     input_correlation        c_l: mean of hᵢ·hⱼ / (‖hᵢ‖ ‖hⱼ‖) over pairs of rows        Poole et al. 2016
//     correlation_length       ξ: |c_l − c*| ∝ exp(−l/ξ) (correlation.h)                  Schoenholz et al. 2017
//     Jacobians                singular values of ∂h_l/∂h_(l−1) (jacobian.h), on request
//     shares of units          dead, dormant, saturated, cloned; effective rank (unit_census.h), on these rows
//
// Everything is reduced where the tensors are, and comes to the host in one transfer for all layers' moments. .grad is
// left alone, and so are random state and buffers (Through).
//
// Cost in gradient units: 0.33 for the forward, 0.7 more with gradients; a Jacobian of a layer with n outputs takes n
// of its backwards up to n = exact_outputs, 3 · golub_kahan_steps above.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "thalweg/model/tap.h"
#include "thalweg/record/reading.h"
#include "thalweg/record/signal.h"

namespace thalweg {

struct SignalOptions {
  bool gradients = true;   // a backward, for gradient_rms and backward_gain
  bool units = true;       // shares of units and the effective rank, on these rows
  bool jacobians = false;  // of each layer, and of the whole; the first layer's only where the inputs require gradients
  // too deep: depth ≥ too_deep · ξ, by the whole interval (Schoenholz et al. 2017; bench/depth_trains_bench.cpp)
  double too_deep = 6.0;
  std::int64_t jacobian_rows = 8;    // rows at which Jacobians are taken: the first of the batch
  std::int64_t exact_outputs = 128;  // a Jacobian with at most so many outputs is taken row by row of it, exactly
  int golub_kahan_steps = 12;        // above
  std::uint64_t seed = 0;            // of the random probes; torch's own stream is left alone
};

// The layers' values, the correlation length and the verdict of depth. Values that are not finite are data.
Signal measure_signal(const Through& through, const SignalOptions& options = {});

// As readings of `step`: of each layer in its scope, of the whole model what is said of it. Only what was measured.
std::vector<Reading> signal_readings(const Signal& signal, std::int64_t step,
                                     const std::function<Scope(std::string_view layer)>& scope_of);

}  // namespace thalweg
