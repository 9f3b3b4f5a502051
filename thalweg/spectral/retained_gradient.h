// The gradient of a scalar with its graph kept, and Hessian-vector products on that graph (Pearlmutter 1994, by double
// backward):
//     Hv = ∂(g·v)/∂θ.
// Building it costs one backward; each product then costs about two gradient units less the forward. Nothing is written
// to .grad, so that the plain backward that follows gives the bits it would give without.
#pragma once

#include <ATen/core/Tensor.h>

#include <stdexcept>
#include <vector>

namespace thalweg {

class RetainedGradient {
 public:
  // `loss`: 0-dim with graph. `parameters`: leaves; one that the loss does not reach has zero gradient.
  // Throws NoSecondDerivative where an operation on the way has none.
  RetainedGradient(const at::Tensor& loss, std::vector<at::Tensor> parameters);

  const std::vector<at::Tensor>& gradient() const { return detached_; }  // without graph
  std::vector<at::Tensor> hessian_vector_product(const std::vector<at::Tensor>& vector) const;

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> gradient_;  // with graph; undefined where the loss does not reach
  std::vector<at::Tensor> detached_;
};

// An operation without a second derivative: what() is torch's own words, which name it.
class NoSecondDerivative : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Σ aᵢ·bᵢ over lists of tensors of the same shapes, accumulated in double.
double dot(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b);

}  // namespace thalweg
