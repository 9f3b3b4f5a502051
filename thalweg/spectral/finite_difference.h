// The Hessian by central differences of the gradient, where there is no double backward:
//     H v ≈ ‖v‖ (g(θ + h v/‖v‖) − g(θ − h v/‖v‖)) / 2h
// for a step h that is found, not given. Truncation falls as h², rounding grows as 1/h, and both depend on the
// direction: what suits a random one is a thousand times too long for the eigenvectors of the largest eigenvalues. So
// the decades of h/‖θ‖ from 10⁻¹ to 10⁻⁷ are tried on a random direction and on its product with H, which lies near the
// top of the spectrum. Chosen is the step that agrees best with its neighbours on both.
//
// Where no two neighbours agree there is no such operator: StepsDisagree. So it is with ReLU and max-pool. Their
// gradient jumps, a difference over h catches jumps whose share grows as 1/√h, and no step is right. Smoothness is
// judged on those directions alone: it is evidence, no proof.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

struct FiniteDifferenceOptions {
  double allowed = 3e-3;   // relative_noise() above which it is refused; 1% to 3% between neighbouring steps
  std::uint64_t seed = 0;  // of the random direction
};

class FiniteDifferenceOperator final : public LinearOperator {
 public:
  // `loss`: builds a 0-dim loss on `parameters` (leaves that require gradients, moved for the time of a gradient and
  // put back bit for bit, also when it throws). Called again it must give the same one. The scan costs 30 gradient
  // units.
  FiniteDifferenceOperator(std::function<at::Tensor()> loss, std::vector<at::Tensor> parameters,
                           FiniteDifferenceOptions options = {});
  ~FiniteDifferenceOperator() override;

  std::int64_t dimension() const override;
  at::TensorOptions options() const override;
  OperatorCost cost() const override;      // the scan included
  double relative_noise() const override;  // of the chosen step, from how far it and its neighbours differ

  double step() const;  // h
  double seconds_per_gradient() const;

 private:
  at::Tensor product(const at::Tensor& v) override;
  struct State;
  std::unique_ptr<State> state_;
};

class StepsDisagree : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace thalweg
