// L(x) = ½ x'Ax + b'x with A = diag(1, 4, 100): a landscape whose every figure is known, and one step on it.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <memory>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

struct Quadratic {
  at::Tensor a = at::tensor({1.0, 4.0, 100.0}, at::kDouble);
  at::Tensor b = at::tensor({0.5, -1.0, 2.0}, at::kDouble);
  at::Tensor x = at::tensor({1.0, 1.0, 0.1}, at::kDouble).requires_grad_(true);

  at::Tensor loss() const { return (0.5 * a * x * x + b * x).sum(); }
  at::Tensor gradient() const { return a * x.detach() + b; }
  double curvature(const at::Tensor& v) const { return (a * v * v).sum().item<double>(); }

  // The step as the loop shows it, for the update u. Before the update the weights are as they are; `moved` makes it.
  Step step(const at::Tensor& u) {
    Step s{.index = 3, .learning_rate = 0.01, .parameters = {x}};
    const at::Tensor value = loss();
    s.objective = s.loss = value.item<double>();
    s.objective_error = 2.2e-16 * std::abs(s.objective);
    s.rows = 1;
    graph = std::make_unique<StepGraph>(value, s.parameters);
    s.graph = graph.get();
    g = {gradient()};
    update = {u};
    const at::Tensor start = x.detach().clone();
    graph->keep_weights({start});
    s.gradient = [this]() -> const std::vector<at::Tensor>& { return g; };
    s.update = [this]() -> const std::vector<at::Tensor>& { return update; };
    s.gradient_at = [this](const std::vector<at::Tensor>& w) { return std::vector<at::Tensor>{a * w[0] + b}; };
    s.loss_along = [this, u, start](double t) {
      const at::Tensor moved = start + t * u;
      return (0.5 * a * moved * moved + b * moved).sum().item<double>();
    };
    sums = {StepSums{.gradient_sq = g[0].square().sum().item<double>(),
                     .update_sq = u.square().sum().item<double>(),
                     .gradient_update = g[0].dot(u).item<double>()}};
    s.sums = sums;
    return s;
  }
  void move(const at::Tensor& u) {
    const c10::NoGradGuard no_grad;
    x.add_(u);
  }
  std::unique_ptr<StepGraph> graph;
  std::vector<at::Tensor> g, update;
  std::vector<StepSums> sums;
};

}  // namespace thalweg
