// The generalised Gauss-Newton matrix of loss(outputs(θ)) on one batch:
//     G = Jᵀ H_out J,    J = ∂outputs/∂θ,  H_out = ∂²loss/∂outputs²
// Schraudolph 2002 (Neural Computation 14); Martens 2020 (JMLR 21). The Hessian is G + Σ ∂loss/∂outputᵢ ∇²outputᵢ: they
// are equal where the outputs are linear in θ or the loss is stationary in them. G is positive semidefinite where the
// loss is convex in the outputs (squared error, cross-entropy of logits), whatever the network: it shows no saddle.
// What is called output matters: probabilities in place of logits give another G.
//
// A product takes J v, H_out ·, Jᵀ · on graphs built once: 1.0 to 1.6 gradient units, where one of the Hessian
// takes 1.3 to 2.2.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

// Both are called once. `outputs`: any shape, with their graph. `loss`: 0-dim, of outputs alone.
struct NetworkOnBatch {
  std::function<at::Tensor()> outputs;
  std::function<at::Tensor(const at::Tensor& outputs)> loss;
};

class GaussNewtonOperator final : public LinearOperator {
 public:
  // `parameters`: leaves that require gradients; flat vectors have them in this order. std::invalid_argument otherwise.
  // NoSecondDerivative, from the first product, where an operation's backward cannot be differentiated.
  GaussNewtonOperator(const NetworkOnBatch& network, std::vector<at::Tensor> parameters);
  ~GaussNewtonOperator() override;

  std::int64_t dimension() const override;
  at::TensorOptions options() const override;
  OperatorCost cost() const override;  // the graphs, a forward and backward included

  const at::Tensor& gradient() const;   // [p], of the loss
  double seconds_per_gradient() const;  // a forward and backward

 private:
  at::Tensor product(const at::Tensor& v) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
