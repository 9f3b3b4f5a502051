// The empirical Fisher matrix of a batch: F = 1/n Σ gᵢ gᵢᵀ, gᵢ the gradient of row i's loss.
//
// The second moment of the gradients over rows. It is named after the Fisher information, which takes the targets from
// the model's own distribution; with the data's targets it is neither that nor near the Hessian far from an optimum
// (Kunstner, Balles, Hennig 2019). Positive semidefinite, of rank ≤ n. F − ḡḡᵀ is the covariance of the rows'
// gradients.
//
// A product is 1/n Jᵀ(J v) with J the Jacobian of the n losses: 1.0 to 1.6 gradient units, without any per-row
// gradient. Rows that see each other (batch norm in training mode) have gradients that are not their own: F is then
// that of the losses as computed.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

class EmpiricalFisherOperator final : public LinearOperator {
 public:
  // `losses`: called once; [n], a loss a row, with graph. Parameters and errors as for GaussNewtonOperator.
  EmpiricalFisherOperator(const std::function<at::Tensor()>& losses, std::vector<at::Tensor> parameters);
  ~EmpiricalFisherOperator() override;

  std::int64_t dimension() const override;
  at::TensorOptions options() const override;
  OperatorCost cost() const override;  // the graphs, a forward and backward included

  const at::Tensor& gradient() const;   // [p], of the mean loss
  double seconds_per_gradient() const;  // a forward and backward

 private:
  at::Tensor product(const at::Tensor& v) override;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
