// What the initial weights say, layer by layer, with the gradient of one batch beside them.
//
//     spectral_scale   ‖W‖₂ √(columns / rows)                                   spectral_scale.h
//     update_scale     ‖ΔW‖₂ / ‖W‖₂ of the first update
//     symmetric        share of units with the weights of another, in, and its gradient
//     pull             ‖∂L/∂W‖ ‖W‖ / L: what moving W by its own length changes to first order, as a share of the loss
//
// Two units with equal weights and an equal gradient stay equal for ever, whatever the network around them (Goodfellow,
// Bengio, Courville 2016, section 8.4): their outgoing weights are equal then, or nothing comes back through them.
// Equal weights alone are no fault: a last layer that starts at zero has a gradient of its own for each output.
//
// A layer is the parameters that share the name before the last dot (and the number behind "_l" of a recurrent net); a
// unit is a row of all its matrices that have as many rows as its first. Cost: some 40 matrix-vector products a layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/record/reading.h"

namespace thalweg {

struct WeightsAtStart {
  std::string layer;       // "linear1"; "lstm1_l0"
  std::int64_t units = 0;  // rows
  double spectral_scale = std::numeric_limits<double>::quiet_NaN();
  double update_scale = std::numeric_limits<double>::quiet_NaN();  // NaN: no update given, or no weight to compare with
  double symmetric = std::numeric_limits<double>::quiet_NaN();     // NaN: no gradient, or a single unit
  double gradient_sq = std::numeric_limits<double>::quiet_NaN();   // of all parameters of the layer
  double weight_sq = 0.0;
  bool constant = false;  // all entries of its matrices are one number
  double pull(double loss) const;
};

struct WeightsAtStartOptions {
  // equal gradients: |Σ r (g_u − g_v)| ≤ rounding · ‖g‖ of the largest, r random; float32 sums of thousands of terms
  double rounding = 1e-4;
  std::uint64_t seed = 0;
};

// In the order of `parameters`, layers with a matrix only; embeddings are left out by the caller, since their rows are
// no units. `gradients`, `update`: one a parameter, undefined where there is none; empty: not known.
std::vector<WeightsAtStart> weights_at_start(const NamedParameters& parameters,
                                             const std::vector<at::Tensor>& gradients = {},
                                             const std::vector<at::Tensor>& update = {},
                                             const WeightsAtStartOptions& options = {});

// The parameters' layer, as above.
std::string layer_of(std::string_view parameter);

// As readings of step 0.
std::vector<Reading> start_readings(const std::vector<WeightsAtStart>& layers,
                                    const std::function<Scope(std::string_view layer)>& scope_of);

}  // namespace thalweg
