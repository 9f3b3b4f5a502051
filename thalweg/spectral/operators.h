// Operators made of others. Each refers to the one it is made of, which must outlive it; costs are the inner one's.
#pragma once

#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

// A matrix [p, p], symmetric: for oracles and small problems. A product costs nothing.
class DenseOperator final : public LinearOperator {
 public:
  explicit DenseOperator(at::Tensor matrix);
  std::int64_t dimension() const override;
  at::TensorOptions options() const override;
  OperatorCost cost() const override { return {.products = products_}; }

 private:
  at::Tensor product(const at::Tensor& v) override;
  at::Tensor matrix_;
  std::int64_t products_ = 0;
};

// scale · A + shift · I: shifted, scaled and negated (scale = −1).
class AffineOperator final : public LinearOperator {
 public:
  struct Options {
    double scale = 1.0;
    double shift = 0.0;
  };
  AffineOperator(LinearOperator& inner, Options options);
  std::int64_t dimension() const override { return inner_.dimension(); }
  at::TensorOptions options() const override { return inner_.options(); }
  OperatorCost cost() const override { return inner_.cost(); }
  double relative_noise() const override { return inner_.relative_noise(); }

 private:
  at::Tensor product(const at::Tensor& v) override;
  LinearOperator& inner_;
  Options options_;
};

// Σ wᵢ Aᵢ: the Hessian of a sum of losses is the sum of their Hessians. Batches of unequal size are weighted by rows.
class SumOperator final : public LinearOperator {
 public:
  struct Term {
    LinearOperator* term = nullptr;
    double weight = 1.0;
  };
  explicit SumOperator(std::vector<Term> terms);
  std::int64_t dimension() const override;
  at::TensorOptions options() const override;
  // products counts those of the sum; its gradient unit is a gradient of every term.
  OperatorCost cost() const override;
  double relative_noise() const override;  // the worst term's

 private:
  at::Tensor product(const at::Tensor& v) override;
  std::vector<Term> terms_;
  std::int64_t products_ = 0;
};

// (I − QQᵀ) A (I − QQᵀ) + shift · QQᵀ for orthonormal rows Q [m, p]: A with a known space taken out; its eigenvalues
// there become `shift`.
class DeflatedOperator final : public LinearOperator {
 public:
  DeflatedOperator(LinearOperator& inner, at::Tensor basis, double shift = 0.0);
  std::int64_t dimension() const override { return inner_.dimension(); }
  at::TensorOptions options() const override { return inner_.options(); }
  OperatorCost cost() const override { return inner_.cost(); }
  double relative_noise() const override { return inner_.relative_noise(); }

 private:
  at::Tensor product(const at::Tensor& v) override;
  LinearOperator& inner_;
  at::Tensor basis_;
  double shift_;
};

// P^-1/2 A P^-1/2 for a diagonal P, [p], positive: similar to P^-1 A, and symmetric. An entry of infinity takes its
// parameter out. std::invalid_argument where P is not positive: the preconditioner is indefinite, and the product has
// no real square root.
class PreconditionedOperator final : public LinearOperator {
 public:
  PreconditionedOperator(LinearOperator& inner, const at::Tensor& diagonal);
  std::int64_t dimension() const override { return inner_.dimension(); }
  at::TensorOptions options() const override { return inner_.options(); }
  OperatorCost cost() const override { return inner_.cost(); }
  double relative_noise() const override { return inner_.relative_noise(); }

 private:
  at::Tensor product(const at::Tensor& v) override;
  LinearOperator& inner_;
  at::Tensor root_;  // P^-1/2
};

// The block of A that belongs to the entries [begin, end): a layer's own curvature.
class BlockOperator final : public LinearOperator {
 public:
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  BlockOperator(LinearOperator& inner, Range range);
  std::int64_t dimension() const override { return range_.end - range_.begin; }
  at::TensorOptions options() const override { return inner_.options(); }
  OperatorCost cost() const override { return inner_.cost(); }
  double relative_noise() const override { return inner_.relative_noise(); }

 private:
  at::Tensor product(const at::Tensor& v) override;
  LinearOperator& inner_;
  Range range_;
};

}  // namespace thalweg
