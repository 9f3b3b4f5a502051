#include "thalweg/spectral/probes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "thalweg/spectral/distributions.h"
#include "thalweg/spectral/lanczos.h"

namespace thalweg {
namespace {

bool is_half(const at::TensorOptions& options) {
  return options.dtype() == at::kHalf || options.dtype() == at::kBFloat16;
}

}  // namespace

CheckedOperator::CheckedOperator(LinearOperator& inner) : inner_(inner) {}

at::TensorOptions CheckedOperator::options() const {
  return is_half(inner_.options()) ? inner_.options().dtype(at::kFloat) : inner_.options();
}

double CheckedOperator::relative_noise() const {
  if (!is_half(inner_.options())) return inner_.relative_noise();
  const double epsilon = inner_.options().dtype() == at::kHalf ? 0x1p-10 : 0x1p-7;
  return std::max(inner_.relative_noise(), epsilon);
}

at::Tensor CheckedOperator::product(const at::Tensor& v) {
  ++made_;
  const at::Tensor result = inner_.apply(v.to(inner_.options())).to(options());
  const double out = length(result), in = length(v);
  if (!std::isfinite(out)) throw NotFinite("a product with the operator is not finite");
  if (in > 0.0) norm_ = std::max(norm_, out / in);
  return result;
}

at::Tensor CheckedOperator::each(const at::Tensor& rows) {
  at::Tensor result = at::empty_like(rows);
  for (std::int64_t i = 0; i < rows.size(0); ++i) result[i].copy_(apply(rows[i]));
  return result;
}

at::Generator generator_of(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

at::Tensor rademacher(const LinearOperator& a, at::Generator& generator) {
  const at::Tensor bits = at::randint(2, {a.dimension()}, generator, at::TensorOptions(at::kFloat));
  return bits.mul_(2).sub_(1).to(a.options());
}

at::Tensor gaussian(const LinearOperator& a, at::Generator& generator) {
  const auto type = a.options().dtype() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor v = at::randn({a.dimension()}, generator, at::TensorOptions(type));
  return v.div_(length(v)).to(a.options());
}

double inner_product(const at::Tensor& a, const at::Tensor& b) { return (a * b).sum(at::kDouble).item<double>(); }

double length(const at::Tensor& v) { return at::linalg_vector_norm(v, 2, {}, false, at::kDouble).item<double>(); }

at::Tensor without(const at::Tensor& v, const at::Tensor& basis) {
  at::Tensor rest = v.clone();
  if (!basis.defined() || basis.size(0) == 0) return rest;
  for (int i = 0; i < 2; ++i) rest.sub_(at::mv(basis.t(), at::mv(basis, rest)));
  return rest;
}

at::Tensor dense_matrix(CheckedOperator& a) {
  const at::Tensor columns = a.each(at::eye(a.dimension(), a.options())).to(at::kCPU, at::kDouble);
  return 0.5 * (columns + columns.t());
}

std::vector<double> to_list(const at::Tensor& t) {
  const at::Tensor host = t.detach().to(at::kCPU, at::kDouble).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

Mean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double deviation = std::sqrt(squares / (n - 1.0) / n);
  return {.value = mean, .standard_error = standard_error_factor(static_cast<int>(values.size())) * deviation};
}

}  // namespace thalweg
