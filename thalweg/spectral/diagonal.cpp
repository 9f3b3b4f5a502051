#include "thalweg/spectral/diagonal.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "thalweg/spectral/distributions.h"
#include "thalweg/spectral/probes.h"

namespace thalweg {

DiagonalEstimate estimate_diagonal(LinearOperator& operator_, const DiagonalOptions& options) {
  if (options.products < std::min<std::int64_t>(2, operator_.dimension())) {
    throw std::invalid_argument(
        fmt::format("a diagonal with its error needs at least 2 products: {} were allowed", options.products));
  }
  CheckedOperator a(operator_);
  if (options.products >= a.dimension()) {
    const at::Tensor diagonal = dense_matrix(a).diagonal().to(a.options());
    return {.value = diagonal, .standard_error = at::full_like(diagonal, a.noise()), .products = a.products_made()};
  }
  // Mean and squared deviations grow together (Welford 1962): nothing is lost where the mean is large.
  at::Generator generator = generator_of(options.seed);
  at::Tensor mean = at::zeros({a.dimension()}, a.options()), squares = at::zeros_like(mean);
  for (int n = 1; n <= options.products; ++n) {
    const at::Tensor z = rademacher(a, generator);
    const at::Tensor sample = a.apply(z).mul_(z);
    const at::Tensor before = sample - mean;
    mean.add_(before, 1.0 / n);
    squares.addcmul_(before, sample - mean);
  }
  const double n = options.products;
  const double factor = standard_error_factor(options.products) / std::sqrt(n * (n - 1.0));
  return {.value = mean, .standard_error = squares.sqrt_().mul_(factor).add_(a.noise()), .products = a.products_made()};
}

}  // namespace thalweg
