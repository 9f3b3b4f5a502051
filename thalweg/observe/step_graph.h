// The forward graph of a step's loss, kept for the instruments that are due: H v at the weights before the update,
// asked for before or after it.
//
// After the update the weights have moved, and autograd would refuse: a product puts the old weights in place, with
// the version that the graph knows, and the new ones back afterwards, bit for bit, also when it throws.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "thalweg/spectral/linear_operator.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {

class StepGraph {
 public:
  // `loss`: 0-dim with graph; what is differentiated is loss · scale. The gradient's own graph is built when it is
  // first asked for, which must be before the backward.
  StepGraph(at::Tensor loss, std::vector<at::Tensor> parameters, double scale = 1.0);

  const std::vector<at::Tensor>& gradient();                          // of loss · scale
  std::vector<at::Tensor> product(const std::vector<at::Tensor>& v);  // H v, v one a parameter
  std::unique_ptr<LinearOperator> hessian();                          // the same on flat vectors; refers to this
  bool built() const { return retained_.has_value(); }
  // Copies of the weights as they are, for the products after they have moved.
  void keep_weights(std::vector<at::Tensor> weights);
  const std::vector<at::Tensor>& parameters() const { return parameters_; }

 private:
  at::Tensor loss_;
  std::vector<at::Tensor> parameters_;
  double scale_;
  std::optional<RetainedGradient> retained_;
  std::vector<at::Tensor> before_;
  std::vector<std::uint32_t> versions_;
};

}  // namespace thalweg
