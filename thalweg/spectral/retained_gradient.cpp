#include "thalweg/spectral/retained_gradient.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "thalweg/spectral/double_backward.h"

namespace thalweg {
namespace {

std::vector<at::Tensor> zeros_where_undefined(std::vector<at::Tensor> tensors, const std::vector<at::Tensor>& like) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) tensors[i] = at::zeros_like(like[i]);
  }
  return tensors;
}

}  // namespace

RetainedGradient::RetainedGradient(const at::Tensor& loss, std::vector<at::Tensor> parameters)
    : parameters_(std::move(parameters)) {
  gradient_ = torch::autograd::grad({loss}, parameters_, {}, /*retain_graph=*/true, /*create_graph=*/true,
                                    /*allow_unused=*/true);
  replace_double_backwards(gradient_, loss);
  for (const at::Tensor& g : gradient_) detached_.push_back(g.defined() ? g.detach() : g);
  detached_ = zeros_where_undefined(std::move(detached_), parameters_);
}

std::vector<at::Tensor> RetainedGradient::hessian_vector_product(const std::vector<at::Tensor>& vector) const {
  // A gradient that does not depend on the parameters (a linear loss) has no graph: its rows of H are zero.
  std::vector<at::Tensor> outputs, directions;
  for (std::size_t i = 0; i < gradient_.size(); ++i) {
    if (!gradient_[i].defined() || !gradient_[i].requires_grad()) continue;
    outputs.push_back(gradient_[i]);
    directions.push_back(vector[i]);
  }
  if (outputs.empty()) return zeros_where_undefined(std::vector<at::Tensor>(parameters_.size()), parameters_);
  try {
    auto product =
        torch::autograd::grad(outputs, parameters_, directions, /*retain_graph=*/true, /*create_graph=*/false,
                              /*allow_unused=*/true);
    return zeros_where_undefined(std::move(product), parameters_);
  } catch (const c10::Error& error) {
    const std::string words = error.what_without_backtrace();
    if (words.find("modified by an inplace operation") != std::string::npos) throw std::runtime_error(words);
    throw NoSecondDerivative(words);
  }
}

double dot(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const at::Tensor x = a[i].reshape(-1), y = b[i].reshape(-1);
    // float32 products are summed pairwise by at::sum; double is asked for where the rounding of the sum would show.
    sum += (x * y).sum(at::kDouble).item<double>();
  }
  return sum;
}

}  // namespace thalweg
