#include "thalweg/data/statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace thalweg {

void describe_inputs(const Moments& columns, const Layout& layout, DataStatistics& statistics) {
  const auto rows = static_cast<double>(columns.rows);
  double sum = 0.0, squares = 0.0, most = 0.0;
  for (std::size_t c = 0; c < columns.mean.size(); ++c) {
    sum += columns.mean[c];
    squares += columns.squares[c] / rows + columns.mean[c] * columns.mean[c];
    most = std::max({most, std::abs(columns.min[c]), std::abs(columns.max[c])});
  }
  statistics.input_mean = sum / static_cast<double>(columns.mean.size());
  statistics.input_rms = std::sqrt(squares / static_cast<double>(columns.mean.size()));
  statistics.input_max_abs = most;

  const Moments groups = by_group(columns, layout);
  double least_deviation = 0.0, most_deviation = 0.0;
  for (std::size_t g = 0; g < groups.mean.size(); ++g) {
    const double std = deviation(groups, g);
    if (std == 0.0) continue;
    least_deviation = least_deviation == 0.0 ? std : std::min(least_deviation, std);
    most_deviation = std::max(most_deviation, std);
  }
  statistics.input_scale_spread = least_deviation == 0.0 ? 1.0 : most_deviation / least_deviation;
}

void describe_targets(const at::Tensor& train, const DataInfo& info, DataStatistics& statistics) {
  if (info.targets == recipe::TargetKind::real) {
    statistics.target_rms = std::sqrt(train.to(at::kDouble).square().mean().item<double>());
    return;
  }
  const bool numbers = train.scalar_type() == at::kLong;
  const at::Tensor share =
      numbers ? at::bincount(train.flatten(), {}, info.classes).to(at::kDouble).div_(static_cast<double>(train.numel()))
              : train.to(at::kDouble).mean(0);
  statistics.class_share.assign(share.const_data_ptr<double>(), share.const_data_ptr<double>() + share.numel());
}

}  // namespace thalweg
