#include "thalweg/observe/curvature/edge.h"

#include <ATen/ATen.h>

#include <cmath>

#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

// [p]; undefined where it is not known, or has no root.
at::Tensor flat_preconditioner(const OptimizerView& optimizer, const at::TensorOptions& options) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& p : optimizer.preconditioner()) {
    if (!p.defined()) return {};
    parts.push_back(p.detach().reshape(-1).to(options));
  }
  if (parts.empty()) return {};
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
  const at::Tensor p = flat_preconditioner(*step.optimizer, hessian->options());
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
