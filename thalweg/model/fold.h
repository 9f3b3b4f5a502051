// Batch norms folded into the layer before them: in evaluation a batch norm is an affine map, and so is a linear layer
// or a convolution without activation. The network without the norm computes the same, in evaluation:
//     W' = W γ / √(σ² + eps),      b' = (b − μ) γ / √(σ² + eps) + β       for each output channel
// (γ, β: the norm's scale and shift; μ, σ²: its running statistics). The norm's activation becomes the layer's.
#pragma once

#include <string>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

struct Folded {
  recipe::Model model;              // without the norms that were folded; every layer with its name
  NamedParameters tensors;          // its parameters, then its buffers
  std::vector<std::string> folded;  // names of norms
  std::vector<std::string>
      unfolded;  // norms that stay: nothing affine before them, another axis, no running statistics
};
// `network` is that of `model`. Tensors that no fold touches are shared with it.
Folded fold_batch_norms(const recipe::Model& model, const Network& network);

}  // namespace thalweg
