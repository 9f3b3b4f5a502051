#include "thalweg/spectral/parameters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <stdexcept>
#include <utility>

#include "thalweg/spectral/hessian.h"

namespace thalweg {
namespace {

// Puts the parameters' bits back when it goes.
class PutBack {
 public:
  explicit PutBack(const std::vector<at::Tensor>& parameters) : parameters_(parameters) {
    for (const at::Tensor& p : parameters) bits_.push_back(p.variable_data().clone());
  }
  ~PutBack() {
    for (std::size_t i = 0; i < bits_.size(); ++i) parameters_[i].variable_data().copy_(bits_[i]);
  }
  PutBack(const PutBack&) = delete;
  PutBack& operator=(const PutBack&) = delete;

 private:
  const std::vector<at::Tensor>& parameters_;
  std::vector<at::Tensor> bits_;
};

at::Tensor flat_gradient(const at::Tensor& loss, const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradient(parameters.size());
  if (loss.requires_grad()) {
    gradient = torch::autograd::grad({loss}, parameters, {}, /*retain_graph=*/false, /*create_graph=*/false,
                                     /*allow_unused=*/true);
  }
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (!gradient[i].defined()) gradient[i] = at::zeros_like(parameters[i]);
  }
  return flatten(gradient).detach();
}

}  // namespace

void check_parameters(const std::vector<at::Tensor>& parameters, std::string_view what) {
  std::int64_t entries = 0;
  for (const at::Tensor& p : parameters) {
    if (!p.is_leaf() || !p.requires_grad()) {
      throw std::invalid_argument(
          fmt::format("{} is taken at leaves that require gradients, and one of its parameters is none", what));
    }
    if (p.dtype() != parameters[0].dtype() || p.device() != parameters[0].device()) {
      throw std::invalid_argument(
          fmt::format("the parameters of {} are of one type on one device, not {} on {} and {} on {}", what,
                      parameters[0].dtype().name(), parameters[0].device().str(), p.dtype().name(), p.device().str()));
    }
    entries += p.numel();
  }
  if (entries == 0) throw std::invalid_argument(fmt::format("{} was asked for without parameters", what));
}

GradientElsewhere::GradientElsewhere(std::function<at::Tensor()> loss, std::vector<at::Tensor> parameters)
    : loss_(std::move(loss)), parameters_(std::move(parameters)), here_(flatten(parameters_).detach()) {}

at::Tensor GradientElsewhere::at(const at::Tensor& position) {
  ++count_;
  const PutBack put_back(parameters_);
  const std::vector<at::Tensor> parts = unflatten(position.detach(), parameters_);
  for (std::size_t i = 0; i < parts.size(); ++i) parameters_[i].variable_data().copy_(parts[i]);
  const at::AutoGradMode with_graph(true);
  return flat_gradient(loss_(), parameters_);
}

double machine_epsilon(at::ScalarType type) {
  switch (type) {
    case at::kDouble:
      return 0x1p-52;
    case at::kHalf:
      return 0x1p-10;
    case at::kBFloat16:
      return 0x1p-7;
    default:
      return 0x1p-23;
  }
}

}  // namespace thalweg
