#include "thalweg/spectral/gradient_noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "thalweg/spectral/parameters.h"

namespace thalweg {
namespace {

double epsilon(const at::Tensor& t) {
  switch (t.scalar_type()) {
    case at::kDouble:
      return std::numeric_limits<double>::epsilon();
    case at::kHalf:
      return std::numeric_limits<at::Half>::epsilon();
    case at::kBFloat16:
      return std::numeric_limits<at::BFloat16>::epsilon();
    default:
      return std::numeric_limits<float>::epsilon();
  }
}

// A last bit of each entry. An entry of zero moves by one of the root mean square of all, or of one where all are zero.
at::Tensor last_bits(const at::Tensor& theta) {
  const at::Tensor size = theta.to(at::kDouble).abs();
  const double typical = std::sqrt(size.square().mean().item<double>());
  return at::where(size > 0, size, typical > 0.0 ? typical : 1.0).mul_(epsilon(theta)).to(theta.dtype());
}

double square_sum(const at::Tensor& v) { return v.to(at::kDouble).square().sum().item<double>(); }

}  // namespace

GradientNoise gradient_noise(const std::function<at::Tensor()>& loss, const std::vector<at::Tensor>& parameters,
                             const GradientNoiseOptions& options) {
  check_parameters(parameters, "the noise of a gradient");
  if (options.repetitions < 1) {
    throw std::invalid_argument(
        fmt::format("the noise of a gradient takes 1 repetition or more, not {}", options.repetitions));
  }
  GradientElsewhere gradient(loss, parameters);
  const at::Tensor& theta = gradient.here();
  const at::Tensor here = gradient.at(theta), bits = last_bits(theta);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  double sum = 0.0;
  for (int i = 0; i < options.repetitions; ++i) {
    const at::Tensor signs = at::randint(2, theta.sizes(), generator, at::TensorOptions(at::kDouble)).mul_(2).sub_(1);
    const at::Tensor move = signs.to(theta.options()).mul_(bits);
    sum += square_sum((gradient.at(theta + move).to(at::kDouble) - here) +
                      (gradient.at(theta - move).to(at::kDouble) - here));
  }
  return {.norm = std::sqrt(sum / (6.0 * options.repetitions)), .gradient = here};
}

}  // namespace thalweg
