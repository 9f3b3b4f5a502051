// Networks small enough for a dense Hessian, and dense matrices of operators: what the tests of operators share.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cstring>
#include <functional>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg::testing {

// Normal numbers of a seed, drawn in double and rounded: the same ones in either type.
inline at::Tensor normal(at::IntArrayRef shape, std::uint64_t seed, at::ScalarType type = at::kDouble) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::TensorOptions(at::kDouble)).to(type);
}

inline at::Tensor leaf(const at::Tensor& values) { return values.detach().clone().requires_grad_(); }

// inputs → tanh(hidden) → classes, cross-entropy over `rows` random rows.
struct TanhNetwork {
  struct Shape {
    std::int64_t inputs = 4, hidden = 5, classes = 3, rows = 8;
    at::ScalarType type = at::kDouble;
    std::uint64_t seed = 1;
  };
  explicit TanhNetwork(const Shape& s)
      : x(normal({s.rows, s.inputs}, s.seed, s.type)),
        y(at::arange(s.rows, at::kLong).remainder(s.classes)),
        w1(leaf(normal({s.hidden, s.inputs}, s.seed + 1, s.type))),
        b1(leaf(normal({s.hidden}, s.seed + 2, s.type) * 0.1)),
        w2(leaf(normal({s.classes, s.hidden}, s.seed + 3, s.type))) {}

  // The same network, its rounded weights exactly, in double.
  TanhNetwork in_double() const {
    TanhNetwork copy = *this;
    for (at::Tensor* t : {&copy.w1, &copy.b1, &copy.w2}) *t = leaf(t->to(at::kDouble));
    copy.x = x.to(at::kDouble);
    return copy;
  }
  std::vector<at::Tensor> parameters() const { return {w1, b1, w2}; }
  at::Tensor outputs() const { return at::mm(at::tanh(at::addmm(b1, x, w1.t())), w2.t()); }
  at::Tensor losses() const { return at::cross_entropy_loss(outputs(), y, {}, at::Reduction::None); }
  at::Tensor loss() const { return at::cross_entropy_loss(outputs(), y); }

  at::Tensor x, y, w1, b1, w2;
};

// The matrix of an operator, a product a column.
inline at::Tensor matrix_of(LinearOperator& a) { return a.apply(at::eye(a.dimension(), a.options())).t(); }

inline double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  const at::Tensor x = got.to(at::kDouble), y = expected.to(at::kDouble);
  return ((x - y).norm() / y.norm()).item<double>();
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

}  // namespace thalweg::testing
