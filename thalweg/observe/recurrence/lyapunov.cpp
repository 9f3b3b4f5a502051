#include "thalweg/observe/recurrence/lyapunov.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "thalweg/observe/recurrence/over_rows.h"

namespace thalweg {
namespace {

at::Tensor random_orthonormal(std::int64_t rows, std::int64_t size, std::int64_t columns, const LyapunovOptions& o,
                              const at::Tensor& like) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(o.seed);
  const at::Tensor start = at::randn({size, columns}, generator, at::kDouble);
  return std::get<0>(at::linalg_qr(start)).to(like.options()).unsqueeze(0).expand({rows, size, columns}).contiguous();
}

}  // namespace

std::vector<RecurrentLayer::Exponent> lyapunov_exponents(const Cell& cell, const CellRun& run,
                                                         const LyapunovOptions& options) {
  const c10::NoGradGuard no_graph;
  const auto steps = static_cast<std::int64_t>(run.jacobians.size());
  if (steps == 0) return {};
  const at::Tensor& like = run.jacobians.front().gates;
  const std::int64_t rows = like.size(0), size = cell.parts() * cell.units();
  const std::int64_t columns = options.exponents > 0 ? std::min(options.exponents, size) : size;
  const std::int64_t warm =
      std::min(options.warm_up, static_cast<std::int64_t>(options.warm_share * static_cast<double>(steps)));
  at::Tensor q = random_orthonormal(rows, size, columns, options, like);
  at::Tensor sum = at::zeros({rows, columns}, like.options());
  for (std::int64_t t = 0; t < steps; ++t) {
    const auto [next, r] = at::linalg_qr(run.jacobians[static_cast<std::size_t>(t)].apply(cell, q));
    q = next;
    if (t >= warm) sum += r.diagonal(0, -2, -1).abs().log();
  }
  std::vector<RecurrentLayer::Exponent> result;
  for (const Interval& e : over_rows(sum / static_cast<double>(steps - warm))) {
    result.push_back({.value = e.value, .error = e.high - e.value});
  }
  std::ranges::stable_sort(result, std::ranges::greater{}, &RecurrentLayer::Exponent::value);
  return result;
}

}  // namespace thalweg
