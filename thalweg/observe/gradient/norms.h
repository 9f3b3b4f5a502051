// Squared lengths of many tensors in one go: g'g of each gradient; w'w, u'u (and g'u) of each parameter over a step.
//
// Contiguous float32 on the CPU is read once by an own loop (norms_kernel.h), without a call of ATen for each tensor;
// everything else by ATen, in double, with one transfer to the host from each device. An undefined tensor counts as
// zero; of a sparse one the values are summed, of a complex one both parts.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "thalweg/optim/step_sums.h"

namespace thalweg {

// One a tensor.
std::vector<double> squared_norms(const std::vector<at::Tensor>& tensors);

// Parameters after and before a step. `gradient`: one a parameter, or none at all.
struct WeightStep {
  const std::vector<at::Tensor>& now;
  const std::vector<at::Tensor>& before;
  const std::vector<at::Tensor>& gradient;
};
// Of each parameter weight_sq and update_sq are set; where there are gradients, gradient_sq and gradient_update, too.
// std::invalid_argument unless `out` has a place for each.
void difference_norms(const WeightStep& moved, std::span<StepSums> out);
void difference_norms(const std::vector<at::Tensor>& now, const std::vector<at::Tensor>& before,
                      std::span<StepSums> out);

}  // namespace thalweg
