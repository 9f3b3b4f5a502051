// What an optimizer refuses: parameters, gradients and states that it cannot step from.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "thalweg/optim/optimizer.h"
#include "thalweg/optim/rule.h"

namespace thalweg {

// UsageError: not floating point, a name or a tensor given twice.
void check_parameters(const Optimizer::Named& parameters);

// UsageError: sparse, or of another shape or type than its parameter.
void check_gradient(const std::string& name, const at::Tensor& weight, const at::Tensor& gradient);

// `given` by name, once it has exactly the names, shapes and types of `expected`; InputError otherwise.
std::map<std::string, at::Tensor> match_state(const Optimizer::Named& given, const Optimizer::Named& expected);

// InputError: a count below 0, a product outside (0, 1].
void check_counts(const std::vector<StepCount>& counts);

}  // namespace thalweg
