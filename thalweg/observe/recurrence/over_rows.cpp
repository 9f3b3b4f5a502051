#include "thalweg/observe/recurrence/over_rows.h"

#include <ATen/ATen.h>

#include "thalweg/record/mean.h"

namespace thalweg {

std::vector<Interval> over_rows(const at::Tensor& values) {
  const at::Tensor columns = values.detach().t().to(at::kCPU, at::kDouble).contiguous();  // [k, rows]
  const auto rows = static_cast<std::size_t>(columns.size(1));
  std::vector<Interval> result;
  for (std::int64_t k = 0; k < columns.size(0); ++k) {
    result.push_back(mean_interval({columns.data_ptr<double>() + k * columns.size(1), rows}));
  }
  return result;
}

}  // namespace thalweg
