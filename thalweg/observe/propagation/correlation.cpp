#include "thalweg/observe/propagation/correlation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "thalweg/spectral/distributions.h"

namespace thalweg {
namespace {

constexpr std::int64_t kGroups = 8;
constexpr double kRounding = 1e-8;  // of a mean of products of float32 activations, over their mean square
constexpr double kInfinite = std::numeric_limits<double>::infinity();

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Half-width of Student's 95% interval from leave-one-out values.
double jackknife_error(const std::vector<double>& left_out) {
  const auto k = static_cast<double>(left_out.size());
  double mean = 0.0, squares = 0.0;
  for (const double v : left_out) mean += v / k;
  for (const double v : left_out) squares += (v - mean) * (v - mean);
  return std::sqrt((k - 1.0) / k * squares);
}

// Rows whose cosines are numbers in every layer.
std::vector<std::int64_t> usable_rows(const at::Tensor& cosines) {
  const at::Tensor good = at::isfinite(cosines.diagonal(0, -2, -1)).reshape({-1, cosines.size(-1)}).all(0);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < good.size(0); ++i) {
    if (good[i].item<bool>()) rows.push_back(i);
  }
  return rows;
}

Pairs pairs_of(const std::vector<std::int64_t>& rows) {
  Pairs all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = i + 1; j < rows.size(); ++j) all.emplace_back(rows[i], rows[j]);
  }
  return all;
}

struct Groups {
  Pairs alike, unlike;
};

// Of the pairs that begin near the limit (at least a quarter of all: the nearest), the upper and the lower third.
Groups grouped(const at::Tensor& first, const std::vector<std::int64_t>& rows, double limit, double near) {
  const auto c = first.accessor<double, 2>();
  Pairs all = pairs_of(rows);
  const auto far = [&](const auto& p) { return std::abs(c[p.first][p.second] - limit); };
  std::sort(all.begin(), all.end(), [&](const auto& p, const auto& q) { return far(p) < far(q); });
  const auto close = std::partition_point(all.begin(), all.end(), [&](const auto& p) { return far(p) <= near; });
  all.resize(std::max<std::size_t>(all.size() / 4, static_cast<std::size_t>(close - all.begin())));
  std::sort(all.begin(), all.end(),
            [&](const auto& p, const auto& q) { return c[p.first][p.second] < c[q.first][q.second]; });
  const auto third = static_cast<std::ptrdiff_t>(std::max<std::size_t>(all.size() / 3, 1));
  return {Pairs(all.end() - third, all.end()), Pairs(all.begin(), all.begin() + third)};
}

// Mean over pairs; without those that touch rows of group `without` (−1: all).
double mean_of(const at::TensorAccessor<double, 2>& c, const Pairs& pairs, std::int64_t without) {
  double sum = 0.0;
  std::int64_t n = 0;
  for (const auto& [i, j] : pairs) {
    if (without >= 0 && (i % kGroups == without || j % kGroups == without)) continue;
    sum += c[i][j];
    ++n;
  }
  return n > 0 ? sum / static_cast<double>(n) : kNoSignal;
}

struct Difference {
  double left = 0.0, error = 0.0;  // D and its standard error over rows
  double size = 0.0;               // mean square of the activations
  double unlike_cosine = 0.0;
  std::vector<double> left_out;
};

Difference difference(const at::Tensor& products, const at::Tensor& cosine, const Groups& groups) {
  const auto p = products.accessor<double, 2>(), c = cosine.accessor<double, 2>();
  Difference d{.size = products.diagonal().nanmean().item<double>(),
               .unlike_cosine = mean_of(c, groups.unlike, -1),
               .left_out = {}};
  d.left = mean_of(p, groups.alike, -1) - mean_of(p, groups.unlike, -1);
  for (std::int64_t g = 0; g < kGroups; ++g) {
    d.left_out.push_back(mean_of(p, groups.alike, g) - mean_of(p, groups.unlike, g));
  }
  d.error = jackknife_error(d.left_out);
  return d;
}

// What is no more than this is noise.
double noise_of(const Difference& d, const CorrelationOptions& options) {
  return std::max(options.resolved * d.error, kRounding * d.size);
}

// First and last layer of the mean.
std::pair<std::size_t, std::size_t> span_of(const std::vector<Difference>& d, double limit,
                                            const CorrelationOptions& options) {
  std::size_t last = 0;
  while (last + 1 < d.size() && d[last + 1].left > noise_of(d[last + 1], options)) ++last;
  std::size_t first = 0;
  while (first < last && std::abs(d[first].unlike_cosine - limit) > options.near) ++first;
  constexpr std::size_t kFewest = 4;
  return {last - first >= kFewest ? first : 0, last};
}

void put_rate(const std::vector<Difference>& d, std::size_t first, std::size_t last, CorrelationLength& out) {
  const auto n = static_cast<double>(last - first);
  out.steps = static_cast<int>(last - first);
  out.rate = (std::log(d[first].left) - std::log(d[last].left)) / n;
  double squares = 0.0;
  for (std::size_t l = first; l < last; ++l) {
    const double step = std::log(d[l].left) - std::log(d[l + 1].left) - out.rate;
    squares += step * step;
  }
  std::vector<double> left_out;
  for (std::size_t g = 0; g < d[first].left_out.size(); ++g) {
    left_out.push_back(std::log(d[first].left_out[g] / d[last].left_out[g]) / n);
  }
  const double weights = n < 2.0 ? kInfinite : student_quantile(0.95, n - 1.0) * std::sqrt(squares / (n - 1.0) / n);
  const double sampling = student_quantile(0.95, kGroups - 1.0) * jackknife_error(left_out);
  out.rate_error = std::isfinite(sampling) ? std::hypot(weights, sampling) : kInfinite;
}

// What the first layer leaves is noise already: at least down to that noise it has fallen.
void floor_first_step(std::vector<Difference>& d, const CorrelationOptions& options) {
  d[1].left = std::max(d[1].left, noise_of(d[1], options));
}

}  // namespace

at::Tensor inner_products(const at::Tensor& h, std::int64_t rows) {
  const at::Tensor flat = h.detach().slice(0, 0, rows).flatten(1).to(at::kDouble);
  return at::mm(flat, flat.t()) / static_cast<double>(std::max<std::int64_t>(flat.size(1), 1));
}

at::Tensor cosines(const at::Tensor& products) {
  const at::Tensor length = products.diagonal(0, -2, -1).sqrt();
  return products / (length.unsqueeze(-1) * length.unsqueeze(-2));
}

MeanCorrelation mean_correlation(const at::Tensor& cosines) {
  const auto rows = usable_rows(cosines);
  if (rows.size() < 2) return {};
  const Pairs all = pairs_of(rows);
  const auto c = cosines.accessor<double, 2>();
  MeanCorrelation result{.value = mean_of(c, all, -1)};
  std::vector<double> left_out;
  for (std::int64_t g = 0; g < kGroups; ++g) left_out.push_back(mean_of(c, all, g));
  result.error = student_quantile(0.95, kGroups - 1.0) * jackknife_error(left_out);
  return result;
}

CorrelationLength correlation_length(const at::Tensor& products, const CorrelationOptions& options) {
  CorrelationLength out;
  constexpr std::size_t kFewestRows = 2 * kGroups;
  if (products.size(0) < 2) return out;
  const at::Tensor c = cosines(products);
  const auto rows = usable_rows(c);
  if (rows.size() < kFewestRows) return out;
  const at::Tensor end = c[c.size(0) - 1];
  out.limit = mean_of(end.accessor<double, 2>(), pairs_of(rows), -1);
  const Groups groups = grouped(c[0], rows, out.limit, options.near);
  std::vector<Difference> d;
  for (std::int64_t l = 0; l < c.size(0); ++l) d.push_back(difference(products[l], c[l], groups));
  if (!(d[0].left > noise_of(d[0], options))) return out;
  auto [first, last] = span_of(d, out.limit, options);
  if (last == first) {
    floor_first_step(d, options);
    first = 0;
    last = 1;
  }
  put_rate(d, first, last, out);
  const auto length = [](double rate) { return rate > 0.0 ? 1.0 / rate : kInfinite; };
  out.length = length(out.rate);
  out.low = length(out.rate + out.rate_error);
  out.high = length(out.rate - out.rate_error);
  return out;
}

}  // namespace thalweg
