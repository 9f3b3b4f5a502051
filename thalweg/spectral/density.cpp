#include "thalweg/spectral/density.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "thalweg/spectral/krylov.h"
#include "thalweg/spectral/probes.h"
#include "thalweg/spectral/quadrature.h"

namespace thalweg {
namespace {

constexpr double kLeast = 1e-280;  // keeps the threshold below zero where A is zero

void check(const LinearOperator& a, const DensityOptions& options) {
  if (options.grid < 2 || !(options.bandwidth >= 0.0) || !std::isfinite(options.bandwidth)) {
    throw std::invalid_argument(
        fmt::format("a density needs a grid of at least 2 points and a bandwidth of 0 "
                    "(chosen) or more: got {} points and {}",
                    options.grid, options.bandwidth));
  }
  if (options.products >= a.dimension()) return;
  if (options.starts < 2 || options.products < 2 * options.starts) {
    throw std::invalid_argument(fmt::format(
        "a density with its error needs at least 2 starts and 2 products for each: {} products for {} starts",
        options.products, options.starts));
  }
}

std::vector<Quadrature> exact(CheckedOperator& a) {
  const std::vector<double> values = to_list(at::linalg_eigvalsh(dense_matrix(a)));
  const double share = 1.0 / static_cast<double>(values.size());
  return {{.nodes = values, .weights = std::vector<double>(values.size(), share)}};
}

std::vector<Recurrence> runs(CheckedOperator& a, const DensityOptions& options) {
  at::Generator generator = generator_of(options.seed);
  const int steps = options.products / options.starts;
  std::vector<Recurrence> result;
  for (int start = 0; start < options.starts; ++start) {
    Krylov space(a, gaussian(a, generator).unsqueeze(0), steps, ~options.seed);
    // Where the space is invariant the recurrence is at its end, and the rule exact.
    while (space.applied() < steps && space.extend() &&
           space.applied() == static_cast<std::int64_t>(space.recurrence().columns.size())) {
    }
    result.push_back(space.recurrence());
  }
  return result;
}

double smoothed(const Quadrature& rule, double t, double sigma) {
  double sum = 0.0;
  for (std::size_t j = 0; j < rule.nodes.size(); ++j) {
    const double z = (t - rule.nodes[j]) / sigma;
    sum += rule.weights[j] * std::exp(-0.5 * z * z);
  }
  return sum / (sigma * std::sqrt(2.0 * std::numbers::pi));
}

// The mean over the rules, with its error; of one exact rule, without.
template <typename Function>
Mean over(const std::vector<Quadrature>& rules, const Function& function) {
  std::vector<double> values;
  for (const Quadrature& rule : rules) values.push_back(function(rule));
  return rules.size() == 1 ? Mean{.value = values[0]} : mean_of(values);
}

// A start's weight up to x is known between two bounds that are a node's weight at x apart: the middle, and an error
// that holds half the distance in two of it. It is the same for all starts, and so does not average out.
Mean mass_up_to(const std::vector<Recurrence>& recurrences, double x) {
  std::vector<double> middles;
  double apart = 0.0;
  for (const Recurrence& recurrence : recurrences) {
    const double at_x = std::min(1.0, weight_bound(recurrence, x));
    middles.push_back(std::max(0.0, weight_up_to(recurrence, x) - 0.5 * at_x));
    apart += at_x / static_cast<double>(recurrences.size());
  }
  const Mean mean = mean_of(middles);
  return {.value = mean.value, .standard_error = mean.standard_error + 0.25 * apart};
}

void collect_nodes(const std::vector<Quadrature>& rules, SpectralDensity& result) {
  for (const Quadrature& rule : rules) {
    result.nodes.insert(result.nodes.end(), rule.nodes.begin(), rule.nodes.end());
    for (const double weight : rule.weights) {
      result.weights.push_back(weight / static_cast<double>(rules.size()));
    }
  }
  const auto [low, high] = std::minmax_element(result.nodes.begin(), result.nodes.end());
  result.smallest = *low;
  result.largest = *high;
}

// Half the range over the steps: about the distance of neighbouring nodes. Of one value only, a hundredth of it; and
// where that is zero there is no scale to go by.
double chosen_bandwidth(const SpectralDensity& d, std::size_t steps) {
  const double range = d.largest - d.smallest, size = std::max(std::abs(d.largest), std::abs(d.smallest));
  const double sigma = std::max(0.5 * range / static_cast<double>(steps), 1e-2 * size / static_cast<double>(steps));
  return sigma > 0.0 ? sigma : 1.0;
}

}  // namespace

SpectralDensity spectral_density(LinearOperator& operator_, const DensityOptions& options) {
  check(operator_, options);
  CheckedOperator a(operator_);
  const bool all = options.products >= a.dimension();
  const std::vector<Recurrence> recurrences = all ? std::vector<Recurrence>{} : runs(a, options);
  std::vector<Quadrature> rules = all ? exact(a) : std::vector<Quadrature>{};
  for (const Recurrence& recurrence : recurrences) rules.push_back(gauss_quadrature(recurrence));
  SpectralDensity result{.products = a.products_made()};
  collect_nodes(rules, result);
  result.bandwidth = options.bandwidth > 0.0 ? options.bandwidth : chosen_bandwidth(result, rules[0].nodes.size());
  const double from = result.smallest - 3.0 * result.bandwidth, to = result.largest + 3.0 * result.bandwidth;
  for (int i = 0; i < options.grid; ++i) {
    const double t = from + (to - from) * i / (options.grid - 1);
    const Mean height = over(rules, [&](const Quadrature& rule) { return smoothed(rule, t, result.bandwidth); });
    result.grid.push_back(t);
    result.density.push_back(height.value);
    result.standard_error.push_back(height.standard_error);
  }
  const double x = -std::max(10.0 * a.noise(), kLeast);
  const auto share = [&]() {
    const auto below = std::count_if(result.nodes.begin(), result.nodes.end(), [&](double node) { return node < x; });
    return static_cast<double>(below) / static_cast<double>(result.nodes.size());
  };
  const Mean mass = all ? Mean{.value = share()} : mass_up_to(recurrences, x);
  result.mass_below_zero = mass.value;
  result.mass_error = mass.standard_error;
  return result;
}

}  // namespace thalweg
