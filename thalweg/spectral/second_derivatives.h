// Which operations on the way to a loss have no second derivative, before anything is built on them.
//
// Some of torch's fused operations (attention on the CPU, recurrent layers of cuDNN) have a backward that cannot be
// differentiated. Products with the Hessian then throw, or, where a backward leaves autograd, are silently wrong. All
// three ways show here: a node that torch put there to refuse, a backward whose result has lost its graph, and one that
// throws when it is differentiated.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace thalweg {

// `loss`: with its graph, which is kept. The names, torch's own where it says one
// ("aten::_scaled_dot_product_flash_attention_for_cpu"), in alphabetical order; empty where none is missing.
// Cost: a backward with its graph and one Hessian-vector product; .grad and the parameters are left alone.
std::vector<std::string> missing_second_derivatives(const at::Tensor& loss, const std::vector<at::Tensor>& parameters);

}  // namespace thalweg
