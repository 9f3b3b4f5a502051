#include "thalweg/observe/recurrence/matrix_powers.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <complex>
#include <limits>
#include <utility>

namespace thalweg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::complex<double>> largest_first(const at::Tensor& values) {
  const at::Tensor parts = at::view_as_real(values).contiguous();
  const auto at = parts.accessor<double, 2>();
  std::vector<std::complex<double>> result;
  for (std::int64_t i = 0; i < parts.size(0); ++i) result.emplace_back(at[i][0], at[i][1]);
  std::ranges::stable_sort(result, std::ranges::greater{}, [](const auto& z) { return std::abs(z); });
  return result;
}

double condition_of(const at::Tensor& vectors) {
  const at::Tensor s = at::linalg_svdvals(vectors);
  const auto largest = s[0].item<double>(), smallest = s[-1].item<double>();
  return smallest > std::numeric_limits<double>::epsilon() * largest ? largest / smallest : kInfinity;
}

void put_powers(RecurrentLayer::Matrix& result, at::Tensor power, std::int64_t longest) {
  for (std::int64_t t = 1; t <= longest; t *= 2) {
    result.power.push_back(t);
    result.power_norm.push_back(at::linalg_svdvals(power)[0].item<double>());
    power = at::mm(power, power);
    if (!power.isfinite().all().item<bool>()) return;
  }
}

}  // namespace

RecurrentLayer::Matrix matrix_powers(std::string name, const at::Tensor& matrix, std::int64_t longest) {
  const c10::NoGradGuard no_graph;
  const at::Tensor w = matrix.detach().to(at::kCPU, at::kDouble);
  RecurrentLayer::Matrix result{.name = std::move(name)};
  if (!w.isfinite().all().item<bool>()) {
    result.radius = result.condition = std::numeric_limits<double>::quiet_NaN();
    return result;
  }
  if (longest == 0) {
    result.eigenvalues = largest_first(at::linalg_eigvals(w));
  } else {
    const auto [values, vectors] = at::linalg_eig(w);
    result.eigenvalues = largest_first(values);
    result.condition = condition_of(vectors);
    put_powers(result, w, longest);
  }
  result.radius = std::abs(result.eigenvalues.front());
  return result;
}

}  // namespace thalweg
