// 2×2 max-pooling with stride 2, and with a relu before it: max(relu(x)) = relu(max(x)) on a quarter of the entries, in
// one pass. Same values and gradients as at::max_pool2d(at::relu(x), 2), twice differentiable. What the backward keeps
// is one byte an output. Other devices and types go to ATen.
#pragma once

#include <ATen/core/Tensor.h>

namespace thalweg {

struct MaxPoolOptions {
  bool relu = false;  // before the pooling
};

// [rows, channels, height, width] to [rows, channels, height/2, width/2], rounded down; height and width at least 2.
at::Tensor max_pool_2x2(const at::Tensor& x, const MaxPoolOptions& options);

}  // namespace thalweg
