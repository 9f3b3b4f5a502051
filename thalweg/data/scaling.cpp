#include "thalweg/data/scaling.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Scaling;

at::Tensor row_l2(const at::Tensor& rows) {
  const at::Tensor wide = rows.to(at::kDouble);
  const at::Tensor length = wide.flatten(1).norm(2, 1);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(rows.dim()), 1);
  shape[0] = rows.size(0);
  return wide.div(length.masked_fill(length.eq(0), 1.0).reshape(shape)).to(at::kFloat);
}

// Shaped so that it meets rows of the array; undefined where every entry is `neutral`.
at::Tensor broadcast(const std::vector<double>& values, const Array& array, double neutral, at::ScalarType type) {
  if (std::ranges::all_of(values, [&](double value) { return value == neutral; })) return {};
  const at::Tensor flat = at::tensor(values, at::kDouble).to(type);
  if (array.shape.size() <= 3) return flat;  // the last axis is scaled
  std::vector<std::int64_t> shape(array.shape.size() - 1, 1);
  shape[0] = array.shape[1];
  return flat.reshape(shape);
}

}  // namespace

ColumnScaling fit(const recipe::ScalingChoice& choice, const Moments& groups, bool bytes, const std::string& key) {
  const std::size_t count = groups.mean.size();
  ColumnScaling result{std::vector<double>(count, 0.0), std::vector<double>(count, 1.0), 0};
  const bool standardize = choice.kind == Scaling::standardize;
  if (choice.kind == Scaling::divide || (choice.kind == Scaling::unit && bytes)) {
    const double divisor = choice.kind == Scaling::divide ? choice.divisor : 255.0;
    if (divisor == 0.0 || !std::isfinite(divisor))
      throw UsageError(fmt::format("{} = {}: a number to divide by, not 0", key, divisor));
    result.scale.assign(count, divisor);
  } else if (standardize || choice.kind == Scaling::minmax || choice.kind == Scaling::unit) {
    for (std::size_t c = 0; c < count; ++c) {
      const double scale = standardize ? deviation(groups, c) : groups.max[c] - groups.min[c];
      const bool constant = groups.min[c] == groups.max[c] || scale == 0.0;
      result.shift[c] = standardize && !constant ? groups.mean[c] : groups.min[c];
      if (!constant) result.scale[c] = scale;
      result.constant += constant ? 1 : 0;
    }
  }
  return result;
}

InputScaling::InputScaling(const recipe::ScalingChoice& choice, const Array& array, const Moments& columns,
                           const std::string& key)
    : kind_(choice.kind), type_(working_type(array.type)) {
  const Moments groups = by_group(columns, layout_of(array));
  affine_ = fit(choice, groups, array.type == at::kByte, key);
  for (std::size_t g = 0; g < groups.mean.size(); ++g) {
    const double most =
        std::max(std::abs(groups.min[g] - affine_.shift[g]), std::abs(groups.max[g] - affine_.shift[g]));
    if (is_affine() && most / std::abs(affine_.scale[g]) > std::numeric_limits<float>::max()) {
      throw InputError(
          fmt::format("{}: has values up to {:.3g}, too large for float32; scale them by {}", array.name, most, key));
    }
  }
  shift_ = broadcast(affine_.shift, array, 0.0, type_);
  scale_ = broadcast(affine_.scale, array, 1.0, type_);
}

void InputScaling::apply_into(at::Tensor out, const at::Tensor& rows) const {
  if (!is_affine()) {
    out.copy_(row_l2(rows).view_as(out));
    return;
  }
  at::Tensor result = type_ == at::kFloat ? out.view_as(rows) : at::empty(rows.sizes(), type_);
  result.copy_(rows);
  if (shift_.defined()) result.sub_(shift_);
  if (scale_.defined()) result.div_(scale_);
  if (type_ != at::kFloat) out.copy_(result.view_as(out));
}

at::Tensor InputScaling::apply(const at::Tensor& rows) const {
  at::Tensor out = at::empty(rows.sizes(), at::kFloat);
  apply_into(out, rows);
  return out;
}

Moments InputScaling::scaled(const Moments& columns, const Layout& layout) const {
  Moments result = columns;
  for (std::size_t c = 0; c < columns.mean.size(); ++c) {
    const std::size_t g = layout.group_of(c);
    const double shift = affine_.shift[g], scale = affine_.scale[g];
    result.mean[c] = (columns.mean[c] - shift) / scale;
    result.squares[c] = columns.squares[c] / (scale * scale);
    const auto ends = std::minmax((columns.min[c] - shift) / scale, (columns.max[c] - shift) / scale);
    result.min[c] = ends.first;
    result.max[c] = ends.second;
  }
  return result;
}

}  // namespace thalweg
