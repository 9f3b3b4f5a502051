#include "thalweg/spectral/trace.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "thalweg/spectral/krylov.h"
#include "thalweg/spectral/probes.h"

namespace thalweg {
namespace {

// zᵀ (I − QᵀQ) A (I − QᵀQ) z for `count` random z.
Mean probe(CheckedOperator& a, const at::Tensor& basis, std::int64_t count, at::Generator& generator) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const at::Tensor z = without(rademacher(a, generator), basis);
    values.push_back(inner_product(z, a.apply(z)));
  }
  return mean_of(values);
}

Mean krylov(CheckedOperator& a, const TraceOptions& options, at::Generator& generator) {
  if (options.basis.defined()) {
    const double inside = options.projection.to(at::kDouble).trace().item<double>();
    const Mean outside = probe(a, options.basis.to(a.options()), options.products, generator);
    return {.value = inside + outside.value, .standard_error = outside.standard_error};
  }
  const int steps = options.products / 2;
  Krylov space(a, gaussian(a, generator).unsqueeze(0), steps, ~options.seed);
  while (space.applied() < steps && space.extend()) {
  }
  const Mean outside = probe(a, space.basis(), options.products - space.applied(), generator);
  return {.value = space.projection().trace().item<double>() + outside.value, .standard_error = outside.standard_error};
}

at::Tensor orthonormal(const at::Tensor& rows) { return std::get<0>(at::linalg_qr(rows.t())).t().contiguous(); }

Mean hutch_plus_plus(CheckedOperator& a, const TraceOptions& options, at::Generator& generator) {
  const std::int64_t third = options.products / 3;
  std::vector<at::Tensor> sketch;
  for (std::int64_t i = 0; i < third; ++i) sketch.push_back(a.apply(rademacher(a, generator)));
  const at::Tensor q = orthonormal(at::stack(sketch));
  const double inside = inner_product(q, a.each(q));
  const Mean outside = probe(a, q, options.products - 2 * third, generator);
  return {.value = inside + outside.value, .standard_error = outside.standard_error};
}

// Column by column: Σ_i x_ij y_ij.
at::Tensor dots(const at::Tensor& x, const at::Tensor& y) { return (x * y).sum(0); }

// Epperly, Tropp, Webber 2024, section 2.3: probes ω_i on the sphere of radius √p, Y = AΩ = QR. With s_i the unit
// vectors along the columns of R⁻ᵀ, Q without Y's i-th column spans what is orthogonal to Q s_i.
Mean xtrace(CheckedOperator& a, const TraceOptions& options, at::Generator& generator) {
  const std::int64_t m = options.products / 2;
  const auto p = static_cast<double>(a.dimension());
  std::vector<at::Tensor> probes;
  for (std::int64_t i = 0; i < m; ++i) probes.push_back(gaussian(a, generator).mul_(std::sqrt(p)));
  const at::Tensor omega = at::stack(probes);
  const auto [q, r_factor] = at::linalg_qr(a.each(omega).t());
  const at::Tensor z = a.each(q.t().contiguous());  // [m, p]: (A Q)ᵀ
  const auto small = [](const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); };
  const at::Tensor h = small(at::mm(z, q)), w = small(at::mm(omega, q)).t(), t = small(at::mm(z, omega.t()));
  const at::Tensor r = small(r_factor), pivots = r.diagonal().abs();
  const double inside = h.trace().item<double>();
  // Products that depend on each other: what A has outside of Q has a Frobenius norm of the last pivot, and a trace of
  // at most √p times that.
  const double last = pivots.min().item<double>();
  if (!(last > 10.0 * a.relative_noise() * pivots.max().item<double>())) {
    return {.value = inside, .standard_error = std::sqrt(p) * last};
  }
  at::Tensor s = at::linalg_inv(r).t();
  s = s / s.norm(2, 0, true);
  const at::Tensor shs = dots(s, at::mm(h, s)), sw = dots(s, w), hw = at::mm(h, w);
  const at::Tensor left =
      dots(w, hw) - dots(t, w) + dots(t - at::mm(h.t(), w), s) * sw + sw * sw * shs + sw * dots(s, r - hw);
  const at::Tensor scale = (p - static_cast<double>(m) + 1.0) / (p - dots(w, w) + sw * sw);
  return mean_of(to_list(inside - shs + left * scale));
}

void check(const LinearOperator& a, const TraceOptions& options) {
  const bool krylov = options.method == TraceMethod::kKrylov;
  const int least = options.basis.defined()                         ? 2
                    : options.method == TraceMethod::kHutchPlusPlus ? 3
                    : options.method == TraceMethod::kHutchinson    ? 2
                                                                    : 4;
  if (options.products < std::min<std::int64_t>(least, a.dimension())) {
    throw std::invalid_argument(fmt::format(
        "a trace with its error needs {} products by this method, or as many as the dimension, {}: {} were allowed",
        least, a.dimension(), options.products));
  }
  if (options.basis.defined() != options.projection.defined() || (options.basis.defined() && !krylov)) {
    throw std::invalid_argument("a basis to take out goes with the projection on it, and with the Krylov method");
  }
  if (!options.basis.defined()) return;
  const std::int64_t m = options.basis.size(0);
  if (options.basis.dim() != 2 || options.basis.size(1) != a.dimension() || options.projection.dim() != 2 ||
      options.projection.size(0) != m || options.projection.size(1) != m) {
    throw std::invalid_argument(
        fmt::format("a basis to take out must be [m, {}] and the projection on it [m, m]", a.dimension()));
  }
}

}  // namespace

TraceEstimate estimate_trace(LinearOperator& operator_, const TraceOptions& options) {
  check(operator_, options);
  CheckedOperator a(operator_);
  at::Generator generator = generator_of(options.seed);
  const auto estimate = [&]() -> Mean {
    if (options.products >= a.dimension()) return {.value = dense_matrix(a).trace().item<double>()};
    switch (options.method) {
      case TraceMethod::kHutchinson:
        return probe(a, {}, options.products, generator);
      case TraceMethod::kHutchPlusPlus:
        return hutch_plus_plus(a, options, generator);
      case TraceMethod::kXTrace:
        return xtrace(a, options, generator);
      case TraceMethod::kKrylov:
        break;
    }
    return krylov(a, options, generator);
  };
  const Mean result = estimate();
  const double rounding = a.noise() * std::sqrt(static_cast<double>(a.dimension()));
  return {.value = result.value,
          .standard_error = std::hypot(result.standard_error, rounding),
          .products = a.products_made()};
}

}  // namespace thalweg
