#include "thalweg/spectral/retained_jacobian.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {

RetainedJacobian::RetainedJacobian(at::Tensor outputs, std::vector<at::Tensor> parameters)
    : outputs_(std::move(outputs)), parameters_(std::move(parameters)), combinations_(parameters_.size()) {
  weight_ = at::zeros_like(outputs_.detach()).requires_grad_();
  if (!outputs_.requires_grad()) return;
  combinations_ = torch::autograd::grad({outputs_}, parameters_, {weight_}, /*retain_graph=*/true,
                                        /*create_graph=*/true, /*allow_unused=*/true);
}

at::Tensor RetainedJacobian::times(const std::vector<at::Tensor>& v) const {
  std::vector<at::Tensor> from, directions;
  for (std::size_t i = 0; i < combinations_.size(); ++i) {
    if (!combinations_[i].defined() || !combinations_[i].requires_grad()) continue;
    from.push_back(combinations_[i]);
    directions.push_back(v[i]);
  }
  if (from.empty()) return at::zeros_like(weight_);
  try {
    const at::Tensor product = torch::autograd::grad(from, {weight_}, directions, /*retain_graph=*/true,
                                                     /*create_graph=*/false, /*allow_unused=*/true)[0];
    return product.defined() ? product : at::zeros_like(weight_).detach();
  } catch (const c10::Error& error) {
    throw NoSecondDerivative(error.what_without_backtrace());
  }
}

std::vector<at::Tensor> RetainedJacobian::transposed_times(const at::Tensor& w) const {
  std::vector<at::Tensor> product(parameters_.size());
  if (outputs_.requires_grad()) {
    product = torch::autograd::grad({outputs_}, parameters_, {w}, /*retain_graph=*/true, /*create_graph=*/false,
                                    /*allow_unused=*/true);
  }
  for (std::size_t i = 0; i < product.size(); ++i) {
    if (!product[i].defined()) product[i] = at::zeros_like(parameters_[i]);
  }
  return product;
}

}  // namespace thalweg
