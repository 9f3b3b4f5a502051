// What the estimators share: random probes, and an operator that is safe to build on. Internal to the room.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

// An operator as the estimators use it: in float32 where its own vectors are of half precision, its products checked
// (NotFinite) and their length remembered.
class CheckedOperator final : public LinearOperator {
 public:
  explicit CheckedOperator(LinearOperator& inner);
  std::int64_t dimension() const override { return inner_.dimension(); }
  at::TensorOptions options() const override;
  OperatorCost cost() const override { return inner_.cost(); }
  double relative_noise() const override;
  std::int64_t products_made() const { return made_; }
  double norm() const { return norm_; }                      // largest ‖A v‖ / ‖v‖ so far: at most ‖A‖
  double noise() const { return relative_noise() * norm_; }  // error of a product with a unit vector
  // Rows through the operator one by one, so that no more than one product is in flight: [k, p].
  at::Tensor each(const at::Tensor& rows);

 private:
  at::Tensor product(const at::Tensor& v) override;
  LinearOperator& inner_;
  std::int64_t made_ = 0;
  double norm_ = 0.0;
};

at::Generator generator_of(std::uint64_t seed);
at::Tensor rademacher(const LinearOperator& a, at::Generator& generator);  // [p], entries ±1
at::Tensor gaussian(const LinearOperator& a, at::Generator& generator);    // [p], unit, uniformly random

double inner_product(const at::Tensor& a, const at::Tensor& b);  // summed in double
double length(const at::Tensor& v);

// A − BᵀB A in place of v: v without its part in the orthonormal rows of `basis` (undefined: no rows), twice, so that
// rounding leaves nothing of it.
at::Tensor without(const at::Tensor& v, const at::Tensor& basis);

// A as a matrix [p, p] in double on the CPU, symmetrised; p products.
at::Tensor dense_matrix(CheckedOperator& a);

std::vector<double> to_list(const at::Tensor& t);

struct Mean {
  double value = 0.0;
  double standard_error = 0.0;  // widened by standard_error_factor
};
Mean mean_of(const std::vector<double>& values);  // at least two

}  // namespace thalweg
