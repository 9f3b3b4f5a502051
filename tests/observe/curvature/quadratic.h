// L(x) = ½ x'Ax + b'x with A = diag(1, 4, 100): a landscape whose every figure is known, and one step on it.
#pragma once

#include <ATen/ATen.h>

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

  // The step as the loop shows it, for the update u.
  Step step(const at::Tensor& u) {
    Step s{.index = 3, .learning_rate = 0.01, .parameters = {x}};
    s.graph = loss();
    s.objective = s.loss = s.graph.item<double>();
    s.rows = 1;
    x.mutable_grad() = gradient();
    s.preview = [u] { return std::vector<at::Tensor>{u}; };
    sums = {StepSums{.gradient_sq = gradient().square().sum().item<double>(),
                     .update_sq = u.square().sum().item<double>(),
                     .gradient_update = gradient().dot(u).item<double>()}};
    s.sums = sums;
    s.objective_again = [this, u] {
      const at::Tensor moved = x.detach() + u;
      return (0.5 * a * moved * moved + b * moved).sum().item<double>();
    };
    return s;
  }
  std::vector<StepSums> sums;
};

}  // namespace thalweg
