// Random saddles whose spectrum is known: A = Uᵀ diag(λ) U with a random orthogonal U.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace thalweg {

inline at::Tensor random_orthogonal(std::int64_t p, std::uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return std::get<0>(at::linalg_qr(at::randn({p, p}, generator, at::kDouble)));
}

inline at::Tensor with_spectrum(const std::vector<double>& values, std::uint64_t seed) {
  const at::Tensor u = random_orthogonal(static_cast<std::int64_t>(values.size()), seed);
  const at::Tensor a = at::mm(u.t() * at::tensor(values, at::kDouble), u);
  return 0.5 * (a + a.t());
}

struct Saddle {
  std::vector<double> spectrum;
  at::Tensor matrix;  // [p, p], double
  std::int64_t below(double x) const {
    return std::count_if(spectrum.begin(), spectrum.end(), [&](double v) { return v < x; });
  }
};

// Four kinds in turn: spread out, in a few clusters, with repeated values, with many values at zero and next to it. The
// index is random, small ones as likely as large ones; so is the scale of the loss, from 1e-12 to 1e12.
inline Saddle random_saddle(std::int64_t p, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::normal_distribution<double> normal;
  const int kind = static_cast<int>(seed % 4);
  const auto magnitude = [&]() {
    switch (kind) {
      case 0:
        return std::abs(normal(random)) + 1e-3;
      case 1:
        return std::pow(10.0, -std::floor(3.0 * uniform(random))) * (1.0 + 1e-3 * normal(random));
      case 2:
        return 0.25 * std::ceil(4.0 * uniform(random));
      default:
        return uniform(random) < 0.5 ? std::exp(2.0 * normal(random)) : 1e-9 * uniform(random);
    }
  };
  const auto negative = static_cast<std::int64_t>(std::pow(static_cast<double>(p) + 1.0, uniform(random))) - 1;
  const double scale = std::pow(10.0, 24.0 * uniform(random) - 12.0);
  Saddle saddle;
  for (std::int64_t i = 0; i < p; ++i) {
    const bool zero = kind == 3 && i >= negative && uniform(random) < 0.2;
    saddle.spectrum.push_back(zero ? 0.0 : scale * (i < negative ? -1.0 : 1.0) * magnitude());
  }
  saddle.matrix = with_spectrum(saddle.spectrum, seed);
  return saddle;
}

}  // namespace thalweg
