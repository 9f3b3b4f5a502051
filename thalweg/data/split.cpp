#include "thalweg/data/split.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "thalweg/data/array.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using RowNumbers = std::vector<std::int64_t>;

std::vector<RowNumbers> by_class(const at::Tensor& rows, const at::Tensor& labels) {
  std::map<std::int64_t, RowNumbers> groups;
  const std::int64_t* label = labels.defined() ? labels.const_data_ptr<std::int64_t>() : nullptr;
  for (const std::int64_t row : as_span(rows)) groups[label == nullptr ? 0 : label[row]].push_back(row);
  std::vector<RowNumbers> result;
  for (auto& [name, group] : groups) result.push_back(std::move(group));
  return result;
}

// How many rows each group gives: the whole part of its share, and one more where the remainder is among the largest.
std::vector<std::size_t> quotas(const std::vector<RowNumbers>& groups, double fraction, std::size_t total) {
  std::vector<std::size_t> result, order(groups.size());
  std::vector<double> remainders;
  std::size_t given = 0;
  for (const RowNumbers& group : groups) {
    const double share = fraction * static_cast<double>(group.size());
    result.push_back(static_cast<std::size_t>(share));
    remainders.push_back(share - std::floor(share));
    given += result.back();
  }
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < total; ++i, ++given) ++result[order[i % order.size()]];
  return result;
}

at::Tensor ascending(RowNumbers rows) {
  std::ranges::sort(rows);
  return at::tensor(rows, at::kLong);
}

}  // namespace

DrawnRows draw_rows(const at::Tensor& rows, double fraction, const at::Tensor& labels, Random random,
                    const std::string& key) {
  if (!(fraction >= 0.0 && fraction < 1.0)) {
    throw UsageError(fmt::format("{} = {}: a fraction is at least 0 and below 1", key, fraction));
  }
  const auto total = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(rows.numel())));
  if (total == 0) return {rows, {}};
  if (total == static_cast<std::size_t>(rows.numel())) {
    throw UsageError(fmt::format("{} = {} of {} rows leaves none to train on", key, fraction, rows.numel()));
  }
  std::vector<RowNumbers> groups = by_class(rows, labels);
  const std::vector<std::size_t> quota = quotas(groups, fraction, total);
  RowNumbers drawn, kept;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    random.shuffle(groups[i]);
    const auto border = groups[i].begin() + static_cast<std::ptrdiff_t>(quota[i]);
    drawn.insert(drawn.end(), groups[i].begin(), border);
    kept.insert(kept.end(), border, groups[i].end());
  }
  return {ascending(std::move(kept)), ascending(std::move(drawn))};
}

}  // namespace thalweg
