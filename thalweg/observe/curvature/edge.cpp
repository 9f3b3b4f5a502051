#include "thalweg/observe/curvature/edge.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

constexpr double kFrozen = std::numeric_limits<double>::infinity();

// [p]; undefined where it is not known, or has no root. A parameter that an adaptive optimizer has not stepped while it
// stepped others gets no gradient, and does not move: infinite.
at::Tensor flat_preconditioner(const Step& step, const at::TensorOptions& options) {
  const std::vector<at::Tensor> diagonal = step.optimizer->preconditioner();
  if (std::none_of(diagonal.begin(), diagonal.end(), [](const at::Tensor& p) { return p.defined(); })) return {};
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < diagonal.size(); ++i) {
    parts.push_back(diagonal[i].defined() ? diagonal[i].detach().reshape(-1).to(options)
                                          : at::full({step.parameters[i].numel()}, kFrozen, options));
  }
  const at::Tensor flat = at::cat(parts);
  return (flat > 0.0).all().item<bool>() ? flat : at::Tensor();
}

}  // namespace

void Edge::before_backward(const Step& step) {
  look_.reset();
  if (step.optimizer == nullptr) return;
  const auto limit = step.optimizer->stability_limit();
  if (!limit || !std::isfinite(limit->eigenvalue) || limit->eigenvalue <= 0.0) return;
  const auto hessian = step.graph->hessian();
  const at::Tensor p = flat_preconditioner(step, hessian->options());
  if (!p.defined()) return;
  AffineOperator curved(*hessian, {.scale = 1.0 / step.graph_share, .shift = limit->added_curvature});
  PreconditionedOperator met(curved, p);
  look_ = tracker_.look(met);
  limit_ = limit->eigenvalue;
}

void Edge::after_backward(const Step& step, ReadingSink& out) {
  if (!look_ || !look_->top) return;
  const auto put = [&](Quantity quantity, double value, double error) {
    out.put({.step = step.index,
             .value = value,
             .error = static_cast<float>(error),
             .cost = 1.0F + 2.0F * static_cast<float>(look_->products),
             .quantity = quantity});
  };
  const auto [value, error] = *look_->top;
  put(Quantity::preconditioned_lambda_max, value, error);
  put(Quantity::stability_limit, limit_, 0.0);
  put(Quantity::edge_ratio, value / limit_, error / limit_);
  look_.reset();
}

}  // namespace thalweg
