#include "thalweg/spectral/operators.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace thalweg {
namespace {

// How far from exact a matrix in this type may be that is symmetric, or orthonormal, up to rounding.
double rounding_allowance(const at::Tensor& t) {
  const bool is_double = t.dtype() == at::kDouble;
  return std::sqrt(is_double ? std::numeric_limits<double>::epsilon()
                             : static_cast<double>(std::numeric_limits<float>::epsilon()));
}

double largest(const at::Tensor& t) { return t.numel() == 0 ? 0.0 : t.abs().max().item<double>(); }

void check_symmetric(const at::Tensor& matrix) {
  if (matrix.dim() != 2 || matrix.size(0) != matrix.size(1) || matrix.size(0) == 0 ||
      !at::isFloatingType(matrix.scalar_type())) {
    throw std::invalid_argument(
        "a dense operator needs a square matrix of floating-point numbers with at least one row");
  }
  // A matrix that holds NaN passes: it is a symmetric operator whose products are NaN.
  const double asymmetry = largest(matrix - matrix.t());
  if (asymmetry > rounding_allowance(matrix) * largest(matrix)) {
    throw std::invalid_argument(fmt::format(
        "a dense operator needs a symmetric matrix: entries differ from their mirror images by up to {:.3g}; "
        "give (A + Aᵀ)/2 if that is meant",
        asymmetry));
  }
}

void check_orthonormal(const at::Tensor& basis, std::int64_t dimension) {
  if (basis.dim() != 2 || basis.size(1) != dimension) {
    throw std::invalid_argument(fmt::format("a basis to deflate by needs rows of length {}", dimension));
  }
  const double off = largest(at::mm(basis, basis.t()) - at::eye(basis.size(0), basis.options()));
  if (!(off <= rounding_allowance(basis))) {
    throw std::invalid_argument(fmt::format(
        "a basis to deflate by needs orthonormal rows: their products differ from the identity by up to {:.3g}", off));
  }
}

at::Tensor inverse_root(const at::Tensor& diagonal, const LinearOperator& inner) {
  if (diagonal.dim() != 1 || diagonal.size(0) != inner.dimension()) {
    throw std::invalid_argument(fmt::format(
        "a diagonal preconditioner of an operator of dimension {} needs as many entries", inner.dimension()));
  }
  const at::Tensor p = diagonal.detach().to(at::kDouble);
  const at::Tensor bad = at::logical_not(p > 0);  // NaN too
  if (const auto count = bad.sum().item<std::int64_t>(); count > 0) {
    const auto first = bad.to(at::kInt).argmax().item<std::int64_t>();
    throw std::invalid_argument(fmt::format(
        "a preconditioner must be positive to have a square root: {} of its {} entries are not, the first is "
        "entry {} with {:.6g}",
        count, p.size(0), first, p[first].item<double>()));
  }
  return p.rsqrt().to(inner.options());
}

}  // namespace

DenseOperator::DenseOperator(at::Tensor matrix) : matrix_(matrix.detach()) { check_symmetric(matrix_); }

std::int64_t DenseOperator::dimension() const { return matrix_.size(0); }

at::TensorOptions DenseOperator::options() const { return matrix_.options(); }

at::Tensor DenseOperator::product(const at::Tensor& v) {
  ++products_;
  return at::mv(matrix_, v);
}

AffineOperator::AffineOperator(LinearOperator& inner, Options options) : inner_(inner), options_(options) {}

at::Tensor AffineOperator::product(const at::Tensor& v) {
  return inner_.apply(v).mul_(options_.scale).add_(v, options_.shift);
}

SumOperator::SumOperator(std::vector<Term> terms) : terms_(std::move(terms)) {
  if (terms_.empty()) throw std::invalid_argument("a sum of operators needs at least one term");
  for (const Term& t : terms_) {
    if (t.term->dimension() != dimension() || t.term->options().dtype() != options().dtype()) {
      throw std::invalid_argument(fmt::format(
          "the terms of a sum of operators must act on the same vectors: one on {} of {}, another on {} of {}",
          dimension(), options().dtype().name(), t.term->dimension(), t.term->options().dtype().name()));
    }
  }
}

std::int64_t SumOperator::dimension() const { return terms_.front().term->dimension(); }

at::TensorOptions SumOperator::options() const { return terms_.front().term->options(); }

double SumOperator::relative_noise() const {
  double noise = 0.0;
  for (const Term& t : terms_) noise = std::max(noise, t.term->relative_noise());
  return noise;
}

OperatorCost SumOperator::cost() const {
  OperatorCost sum{.products = products_};
  double unit = 0.0;  // seconds of a gradient of every term
  for (const Term& t : terms_) {
    const OperatorCost cost = t.term->cost();
    sum.seconds += cost.seconds;
    if (cost.gradient_units > 0.0) unit += cost.seconds / cost.gradient_units;
  }
  if (unit > 0.0) sum.gradient_units = sum.seconds / unit;
  return sum;
}

at::Tensor SumOperator::product(const at::Tensor& v) {
  ++products_;
  at::Tensor sum = at::zeros_like(v);
  for (const Term& t : terms_) sum.add_(t.term->apply(v), t.weight);
  return sum;
}

DeflatedOperator::DeflatedOperator(LinearOperator& inner, at::Tensor basis, double shift)
    : inner_(inner), basis_(basis.detach().to(inner.options())), shift_(shift) {
  check_orthonormal(basis_, inner.dimension());
}

at::Tensor DeflatedOperator::product(const at::Tensor& v) {
  const at::Tensor inside = at::mv(basis_, v);
  at::Tensor result = inner_.apply(v - at::mv(basis_.t(), inside));
  return result.add_(at::mv(basis_.t(), shift_ * inside - at::mv(basis_, result)));
}

PreconditionedOperator::PreconditionedOperator(LinearOperator& inner, const at::Tensor& diagonal)
    : inner_(inner), root_(inverse_root(diagonal, inner)) {}

at::Tensor PreconditionedOperator::product(const at::Tensor& v) { return inner_.apply(v * root_).mul_(root_); }

BlockOperator::BlockOperator(LinearOperator& inner, Range range) : inner_(inner), range_(range) {
  if (range.begin < 0 || range.begin >= range.end || range.end > inner.dimension()) {
    throw std::invalid_argument(fmt::format("a block of an operator of dimension {} was asked for the entries [{}, {})",
                                            inner.dimension(), range.begin, range.end));
  }
}

at::Tensor BlockOperator::product(const at::Tensor& v) {
  at::Tensor whole = at::zeros({inner_.dimension()}, v.options());
  whole.slice(0, range_.begin, range_.end).copy_(v);
  return inner_.apply(whole).slice(0, range_.begin, range_.end).clone();
}

}  // namespace thalweg
