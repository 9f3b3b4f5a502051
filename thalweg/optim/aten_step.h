// The step by ATen's own operations, for parameters that the one-pass kernel does not take: other types, other devices.
#pragma once

#include <vector>

#include "thalweg/optim/stepper.h"

namespace thalweg {

// Steps `tasks` and writes their sums. Fused kernels take what shares device, type, rate, decay and step count in one
// call.
void aten_step(const recipe::Optimizer& options, const std::vector<StepTask*>& tasks);

// g'g over `tasks`.
double aten_gradient_sq(const std::vector<StepTask*>& tasks);

}  // namespace thalweg
