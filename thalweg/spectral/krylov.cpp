#include "thalweg/spectral/krylov.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/spectral/lanczos.h"

namespace thalweg {
namespace {

// What is left of a product after its projection is new where it is so many times the rounding of the product.
constexpr double kNew = 10.0;
// Of a vector that lost more than this in the projection the rest is projected again (Daniel, Gragg, Kaufman, Stewart
// 1976).
constexpr double kLost = 0.1;

double length_of(const at::Tensor& v) { return v.norm().item<double>(); }

}  // namespace

Krylov::Krylov(LinearOperator& a, const at::Tensor& start, int max_vectors, std::uint64_t seed)
    : a_(a),
      dimension_(a.dimension()),
      rows_(std::min<std::int64_t>(max_vectors + start.size(0), dimension_)),
      max_vectors_(static_cast<int>(std::min<std::int64_t>(max_vectors, dimension_))),
      generator_(at::make_generator<at::CPUGeneratorImpl>(seed)),
      basis_(at::empty({rows_, dimension_}, a.options())),
      coefficients_(static_cast<std::size_t>(rows_ * rows_), 0.0) {
  for (std::int64_t i = 0; i < start.size(0) && vectors_ < rows_; ++i) {
    at::Tensor v = start[i].clone();
    const double before = length_of(v);
    if (!(before > 0.0)) continue;
    v.div_(before);
    const double left = orthogonalise(v, -1);
    if (left > kNew * a.relative_noise()) append(v, left);
  }
  if (vectors_ == 0) append_random();
  recurrence_ = {
      .dimension = dimension_, .columns = {}, .block = static_cast<int>(vectors_), .noise = a.relative_noise()};
}

// w ← w − V Vᵀw; the coefficients go to `column` of the projection (−1: nowhere). Returns the length that is left.
double Krylov::orthogonalise(at::Tensor& w, std::int64_t column) {
  if (vectors_ == 0) return length_of(w);
  const at::Tensor v = basis_.narrow(0, 0, vectors_);
  const auto project = [&] {  // gives the length that was taken out
    const at::Tensor c = at::mv(v, w);
    w.addmv_(v.t(), c, 1.0, -1.0);
    const at::Tensor host = c.to(at::kCPU, at::kDouble);
    const double* entry = host.const_data_ptr<double>();
    double squares = 0.0;
    for (std::int64_t i = 0; i < vectors_; ++i) {
      squares += entry[i] * entry[i];
      if (column >= 0) coefficient(i, column) += entry[i];
    }
    return std::sqrt(squares);
  };
  // By symmetry most of what is to go is known: only a few entries of the column are above rounding. Taking these out
  // first leaves one full projection to do where there would be two.
  for (std::int64_t i = 0; i < column; ++i) {
    const double known = coefficient(column, i);
    if (std::abs(known) <= kNew * noise()) continue;
    w.sub_(basis_[i], known);
    coefficient(i, column) += known;
  }
  if (column >= 0) {
    const double diagonal = at::dot(basis_[column], w).item<double>();
    w.sub_(basis_[column], diagonal);
    coefficient(column, column) += diagonal;
  }
  const double taken = project();
  double left = length_of(w);
  if (column < 0 || left < kLost * taken) {
    project();
    left = length_of(w);
  }
  return left;
}

// `w`, orthogonal to the basis, of the given length, becomes its next vector.
bool Krylov::append(const at::Tensor& w, double length) {
  if (vectors_ == rows_) return false;
  at::Tensor next = basis_[vectors_];
  at::mul_out(next, w, at::scalar_tensor(1.0 / length, w.options()));
  ++vectors_;
  return true;
}

bool Krylov::append_random() {
  recording_ = false;
  for (int attempt = 0; attempt < 3 && vectors_ < rows_; ++attempt) {
    at::Tensor v = at::randn({dimension_}, generator_, at::TensorOptions(a_.options().dtype())).to(a_.options());
    v.div_(length_of(v));
    const double left = orthogonalise(v, -1);
    // What is left of a random direction is long unless the basis spans nearly everything.
    if (left > kNew * a_.relative_noise() && append(v, left)) return true;
  }
  return false;
}

double Krylov::noise() const { return a_.relative_noise() * norm_; }

bool Krylov::extend() {
  if (applied_ == vectors_) return false;
  const std::int64_t k = applied_;
  at::Tensor w = a_.apply(basis_[k]);
  const double left = orthogonalise(w, k);
  if (!std::isfinite(left)) throw NotFinite("a product with the operator is not finite");
  double squares = left * left;
  for (std::int64_t i = 0; i < vectors_; ++i) squares += coefficient(i, k) * coefficient(i, k);
  norm_ = std::max(norm_, std::sqrt(squares));
  ++applied_;
  const std::int64_t before = vectors_;
  if (left > kNew * noise() && append(w, left)) coefficient(before, k) = left;
  record(k);
  if (applied_ == vectors_ && !complete()) return append_random();
  return applied_ < vectors_;
}

void Krylov::record(std::int64_t column) {
  if (!recording_) return;
  std::vector<double> entries(static_cast<std::size_t>(vectors_));
  for (std::int64_t i = 0; i < vectors_; ++i) entries[static_cast<std::size_t>(i)] = coefficient(i, column);
  // The basis is invariant: what was new is shorter than what counts as new, and that is what is known of it.
  if (applied_ == vectors_) entries.push_back(std::max(kNew * noise(), std::numeric_limits<double>::min()));
  recurrence_.columns.push_back(std::move(entries));
}

at::Tensor Krylov::projection() const {
  at::Tensor t = at::empty({applied_, applied_}, at::kDouble);
  double* entry = t.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < applied_; ++i) {
    for (std::int64_t j = 0; j < applied_; ++j) {
      entry[i * applied_ + j] = 0.5 * (coefficient(i, j) + coefficient(j, i));
    }
  }
  return t;
}

Ritz Krylov::ritz() const {
  const auto [values, vectors] = at::linalg_eigh(projection());
  const at::Tensor y = vectors.contiguous();
  // C Y − Y Θ, with the rows of C beyond k, which hold what leads out of the basis.
  at::Tensor c = at::empty({vectors_, applied_}, at::kDouble);
  double* entry = c.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < vectors_; ++i) {
    for (std::int64_t j = 0; j < applied_; ++j) entry[i * applied_ + j] = coefficient(i, j);
  }
  at::Tensor rest = at::mm(c, y);
  rest.narrow(0, 0, applied_).sub_(y * values);
  const at::Tensor lengths = rest.norm(2, 0).contiguous();
  const auto list = [&](const at::Tensor& t) {
    return std::vector<double>(t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel());
  };
  return {.values = list(values.contiguous()), .residuals = list(lengths), .coordinates = y};
}

at::Tensor Krylov::vector(const Ritz& ritz, std::int64_t i) const {
  const at::Tensor y = ritz.coordinates.select(1, i).to(basis_.options());
  const at::Tensor v = at::mv(basis().t(), y);
  return v.div_(v.norm());
}

at::Tensor Krylov::basis() const { return basis_.narrow(0, 0, applied_); }

void Krylov::restart(const Ritz& ritz, const std::vector<std::int64_t>& kept) {
  recording_ = false;
  const auto count = static_cast<std::int64_t>(kept.size());
  const std::int64_t next = vectors_ - applied_;
  const at::Tensor y = ritz.coordinates.index_select(1, at::tensor(kept, at::kLong));  // [k, count]
  at::Tensor c = at::zeros({rows_, rows_}, at::kDouble);                               // c[i][j], as coefficient(i, j)
  const at::Tensor old = at::from_blob(coefficients_.data(), {rows_, rows_}, at::kDouble).t();
  const at::Tensor applied = old.narrow(1, 0, applied_);
  c.narrow(0, 0, count).narrow(1, 0, count) = at::mm(y.t(), at::mm(applied.narrow(0, 0, applied_), y));
  c.narrow(0, count, next).narrow(1, 0, count) = at::mm(applied.narrow(0, applied_, next), y);
  const at::Tensor vectors = at::mm(y.t().to(basis_.options()), basis());
  const at::Tensor candidates = basis_.narrow(0, applied_, next).clone();
  basis_.narrow(0, 0, count).copy_(vectors);
  basis_.narrow(0, count, next).copy_(candidates);
  const at::Tensor columns = c.t().contiguous();
  std::copy_n(columns.const_data_ptr<double>(), coefficients_.size(), coefficients_.begin());
  applied_ = count;
  vectors_ = count + next;
}

}  // namespace thalweg
