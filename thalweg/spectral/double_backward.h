// Faster second derivatives for the operations that a Hessian-vector product spends its time in.
//
// torch composes the derivative of a derivative from elementary operations: seven passes over memory and more for a
// softmax or a layer norm, some twenty for a gelu, and convolutions of transposed copies for a convolution. In the
// graph of one gradient (and nowhere else: neither the loss's own graph nor any derivative of the first order is
// touched) these nodes are replaced by ones that do the same in one pass or with the derivatives that torch has for
// training:
//     gelu (exact), softmax, layer norm with weights, convolution (not transposed);  float32 on the CPU.
// Whatever does not fit is left as it is.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace thalweg {

// `gradient`: tensors with graph, as autograd::grad({loss}, …, create_graph) gives them; undefined ones are passed
// over. The graph can then be differentiated once more, not twice. Returns how many nodes were replaced.
int replace_double_backwards(std::vector<at::Tensor>& gradient, const at::Tensor& loss);

}  // namespace thalweg
