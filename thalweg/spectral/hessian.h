// The Hessian of a loss at the parameters as they are: H v by double backward on a retained graph (Pearlmutter 1994).
//
// One graph a batch, built once and kept. How much memory that takes is measured on the first graph and compared with a
// limit before more are built; what does not fit is streamed: its graph is built anew for each product.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

// A loss with its graph, on one batch: called again it must give the same one (dropout masks frozen, running statistics
// left alone).
struct LossOnBatch {
  std::function<at::Tensor()> loss;  // 0-dim
  double weight = 1.0;               // its share in Σ weight · loss; batches of unequal size: by rows
};

struct HessianOptions {
  std::int64_t memory_limit = std::int64_t{1} << 30;  // bytes that retained graphs may take together
};

class HessianOperator final : public LinearOperator {
 public:
  // `parameters`: leaves that require gradients; flat vectors have them in this order. NoSecondDerivative where an
  // operation on the way has none (all of them are named: missing_second_derivatives finds them beforehand).
  HessianOperator(std::vector<LossOnBatch> batches, std::vector<at::Tensor> parameters, HessianOptions options = {});
  ~HessianOperator() override;

  std::int64_t dimension() const override;
  at::TensorOptions options() const override;
  OperatorCost cost() const override;

  const at::Tensor& gradient() const;  // [p], of Σ weight · loss
  double loss() const;
  double seconds_per_gradient() const;  // a forward and backward on all batches
  std::int64_t graph_bytes() const;     // of one retained graph
  std::size_t streamed() const;         // batches whose graphs are built anew for each product

 private:
  at::Tensor product(const at::Tensor& v) override;
  struct State;
  std::unique_ptr<State> state_;
};

// Flat [p] as tensors of the parameters' shapes (views), and back (a copy).
std::vector<at::Tensor> unflatten(const at::Tensor& flat, const std::vector<at::Tensor>& like);
at::Tensor flatten(const std::vector<at::Tensor>& tensors);

}  // namespace thalweg
