#include "thalweg/observe/recurrence/gradient_in_time.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/observe/recurrence/over_rows.h"
#include "thalweg/record/mean.h"

namespace thalweg {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

at::Tensor norms(const at::Tensor& u) { return at::linalg_vector_norm(u.flatten(1), 2, at::IntArrayRef{1}); }

struct Line {
  double slope = kNaN;
  double error = kNaN;  // two standard errors of the slope
};

// Through y over 1, 2, …; as far as y is finite.
Line line_through(std::span<const double> y) {
  const auto end = std::ranges::find_if(y, [](double v) { return !std::isfinite(v); });
  const std::span<const double> seen(y.begin(), end);
  const auto n = static_cast<double>(seen.size());
  if (seen.size() < 3) return {};
  double mean = 0.0, covariance = 0.0, square = 0.0;
  const auto x = [&](std::size_t i) { return static_cast<double>(i) - 0.5 * (n - 1.0); };
  for (const double v : seen) mean += v / n;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    covariance += x(i) * (seen[i] - mean);
    square += x(i) * x(i);
  }
  Line line{.slope = covariance / square};
  double residual = 0.0;
  for (std::size_t i = 0; i < seen.size(); ++i) residual += std::pow(seen[i] - mean - line.slope * x(i), 2);
  line.error = 2.0 * std::sqrt(residual / (n - 2.0) / square);
  return line;
}

Interval decay_of(const at::Tensor& logs) {
  std::vector<double> slopes;
  double scatter = 0.0;
  for (std::int64_t i = 0; i < logs.size(0); ++i) {
    const double* row = logs.data_ptr<double>() + i * logs.size(1);
    const Line line = line_through({row + 1, static_cast<std::size_t>(std::max<std::int64_t>(0, logs.size(1) - 1))});
    if (!std::isfinite(line.slope)) continue;
    slopes.push_back(line.slope);
    scatter += line.error;
  }
  const Interval mean = mean_interval(slopes);
  if (slopes.empty()) return {kNaN, kNaN, kNaN};
  const double error = std::hypot(mean.high - mean.value, scatter / static_cast<double>(slopes.size()));
  return {mean.value, mean.value - error, mean.value + error};
}

// Where a curve is below `limit` from there on, between its points; nothing where it ends above.
double crossing(const std::vector<double>& curve, double limit) {
  std::size_t k = curve.size();
  while (k > 0 && curve[k - 1] <= limit) --k;
  if (k == curve.size()) return kInfinity;
  if (k == 0) return 0.0;
  const double before = curve[k - 1], after = curve[k];
  if (!std::isfinite(after)) return static_cast<double>(k);
  return static_cast<double>(k - 1) + (before - limit) / (before - after);
}

double steps_to_fall(double slope, double by) { return slope < 0.0 ? by / -slope : kInfinity; }

}  // namespace

std::vector<at::Tensor> log_gradients(std::span<const Level> levels, const at::Tensor& seed) {
  const c10::NoGradGuard no_graph;
  const std::size_t count = levels.size(), steps = levels.front().run.jacobians.size();
  std::vector<at::Tensor> u;  // ∂L/∂s_t of each level
  for (const Level& level : levels) {
    u.push_back(at::zeros({seed.size(0), level.cell.parts(), level.cell.units()}, seed.options()));
  }
  u.back().select(1, 0).copy_(seed);
  std::vector<std::vector<at::Tensor>> logs(count);
  at::Tensor scale = at::zeros({seed.size(0)}, seed.options());
  for (std::size_t k = 0; k < steps; ++k) {
    at::Tensor largest = at::zeros_like(scale);
    for (std::size_t l = count; l-- > 0;) {
      logs[l].push_back(norms(u[l]).log() + scale);
      const auto pulled = levels[l].run.jacobians[steps - 1 - k].pull(levels[l].cell, u[l]);
      if (l > 0) u[l - 1].select(1, 0).add_(pulled.input);
      u[l] = pulled.state;
      largest = at::maximum(largest, norms(u[l]));
    }
    largest = at::where(largest > 0, largest, at::ones_like(largest));
    for (at::Tensor& v : u) v = v / largest.view({-1, 1, 1});
    scale = scale + largest.log();
  }
  std::vector<at::Tensor> result;
  for (const auto& level : logs) {
    const at::Tensor all = at::stack(level, 1);
    result.push_back(all - all.narrow(1, 0, 1));
  }
  return result;
}

void put_gradient(RecurrentLayer& result, const at::Tensor& log_gradient, const HorizonOptions& options) {
  const at::Tensor logs = log_gradient.to(at::kCPU, at::kDouble).contiguous();
  std::vector<double> middle, low, high;
  for (const Interval& i : over_rows(logs)) {
    middle.push_back(i.value);
    low.push_back(std::isfinite(i.low) ? i.low : i.value);
    high.push_back(std::isfinite(i.high) ? i.high : i.value);
  }
  const auto exponentials = [](std::vector<double> v) {
    for (double& x : v) x = std::exp(x);
    return v;
  };
  result.gradient = exponentials(middle);
  result.gradient_low = exponentials(low);
  result.gradient_high = exponentials(high);
  result.decay = decay_of(logs);
  const double fall = std::log(options.fallen);
  const double seen = crossing(middle, -fall);
  result.horizon_seen = std::isfinite(seen);
  if (result.horizon_seen) {
    result.horizon = {seen, crossing(low, -fall), crossing(high, -fall)};
  } else if (std::isfinite(result.decay.value)) {
    result.horizon = {steps_to_fall(result.decay.value, fall), steps_to_fall(result.decay.low, fall),
                      steps_to_fall(result.decay.high, fall)};
  } else {
    result.horizon = {kNaN, kNaN, kNaN};
  }
}

}  // namespace thalweg
