// Layer-sequential unit variance (Mishkin, Matas 2016): model.init kind = "lsuv".
//
// Weights are drawn orthogonal. Then, layer after layer in the order of the forward, with one batch of real rows:
//     s² = Var(y) over rows, units and places;   W ← W/s,  b ← b/s         y = W x + b: the output before the
//     activation
// until |s² − 1| ≤ tolerance. y is linear in (W, b), so one division is enough but for an embedding with fixed
// positions.
//
// Scaled are linear, conv and embedding, inside residual blocks too. rnn, gru, lstm, attention and transformer keep the
// orthogonal draw: what is before their activations is not one layer's output. So does a residual block's projection.
// Cost: one forward of the batch a layer, and one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "thalweg/model/network.h"

namespace thalweg {

struct LsuvOptions {
  double tolerance = 1e-3;  // scaled: |s² − 1| ≤ tolerance
  int most_scalings = 20;   // of one layer
};

struct LsuvLayer {
  std::string name;
  double drawn = 0.0;     // s² with the weights as drawn, the layers before it scaled
  double variance = 0.0;  // s² at the end
  // Within the tolerance. False where s² is not finite or no more than rounding, too: then the layer is as drawn.
  bool scaled = false;
};

struct LsuvResult {
  std::vector<LsuvLayer> layers;  // in the order of the forward
  std::vector<std::string> kept;  // layers of kind lsuv that keep the orthogonal draw
};

// Whether any layer of the model starts so.
bool starts_by_lsuv(const recipe::Model& model);

// Scales the weights of the network that was built from `model`, in place. `forward` runs network.forward on one and
// the same batch, with the same random numbers each time.
LsuvResult scale_to_unit_variance(Network& network, const recipe::Model& model, const std::function<void()>& forward,
                                  const LsuvOptions& options = {});

}  // namespace thalweg
