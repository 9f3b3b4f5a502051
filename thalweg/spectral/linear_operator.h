// A symmetric linear operator on flat vectors of length p: what Lanczos, trace, density and conjugate gradients run on.
//
// A vector is a 1-dim tensor [p]; several are the rows of [k, p]. An operator says what its products have cost, in
// gradient units (gu): one forward and backward on the same batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace thalweg {

struct OperatorCost {
  std::int64_t products = 0;
  double gradient_units = 0.0;  // graphs that were built for the products included
  double seconds = 0.0;
};

class LinearOperator {
 public:
  virtual ~LinearOperator() = default;
  virtual std::int64_t dimension() const = 0;     // p
  virtual at::TensorOptions options() const = 0;  // type and device of the vectors
  virtual OperatorCost cost() const = 0;          // spent since it was made
  // ‖error of a product‖ / (‖A‖ ‖v‖) to expect from rounding: machine epsilon of the arithmetic, unless it is known
  // better.
  virtual double relative_noise() const;

  // v: [p] or [k, p], of options(); the products, in the same shape and new memory. std::invalid_argument otherwise.
  at::Tensor apply(const at::Tensor& v);

 protected:
  virtual at::Tensor product(const at::Tensor& v) = 0;  // [p] to [p]
  virtual at::Tensor products(const at::Tensor& rows);  // [k, p] to [k, p]: one after the other, unless overridden
};

}  // namespace thalweg
