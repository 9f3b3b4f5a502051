#include "thalweg/data/measure.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

// Names the first element of the block that is not finite.
[[noreturn]] void not_finite(const Array& array, std::span<const std::int64_t> rows, const at::Tensor& block) {
  const at::Tensor flat = block.to(at::kDouble).flatten(1);
  const at::Tensor wrong = flat.isfinite().logical_not_();
  if (!wrong.any().item<bool>()) {
    throw InputError(fmt::format("{}: has values too large for float32 or their average; divide them", array.name));
  }
  std::int64_t rest = wrong.flatten().to(at::kByte).argmax().item<std::int64_t>();
  const double value = flat.flatten()[rest].item<double>();
  std::string place;
  for (std::int64_t axis = block.dim() - 1; axis > 0; --axis) {
    place = fmt::format(", {}{}", rest % block.size(axis), place);
    rest /= block.size(axis);
  }
  throw InputError(fmt::format("{}[{}{}] = {}: an input must be a finite number; fill it or leave the row out",
                               array.name, rows[static_cast<std::size_t>(rest)], place, value));
}

}  // namespace

Layout layout_of(const Array& array) {
  const std::vector<std::int64_t>& shape = array.shape;
  if (shape.size() < 3) return {1, array.row_elements(), 1};
  if (shape.size() == 3) return {shape[1], shape[2], 1};
  return {1, shape[1], array.row_elements() / shape[1]};
}

at::ScalarType working_type(at::ScalarType type) {
  const bool narrow = c10::elementSize(type) < 4 || type == at::kFloat;  // whole numbers of 24 bits are exact in float
  return narrow ? at::kFloat : at::kDouble;
}

std::int64_t block_rows(const Array& array) {
  constexpr std::int64_t kValues =
      30'000;  // fewer than ATen shares among threads, whose meeting costs more than such a block
  return std::clamp<std::int64_t>(kValues / array.row_elements(), 1, 4096);
}

void for_each_block(const Array& array, std::span<const std::int64_t> rows,
                    const std::function<void(std::int64_t first, at::Tensor block)>& f) {
  const auto size = static_cast<std::size_t>(block_rows(array));
  for (std::size_t first = 0; first < rows.size(); first += size) {
    f(static_cast<std::int64_t>(first), array.gather(rows.subspan(first, std::min(size, rows.size() - first))));
  }
}

Moments measure(const Array& array, std::span<const std::int64_t> rows, const BlockScaling& scaled) {
  Moments moments(array.row_elements());
  for_each_block(array, rows, [&](std::int64_t first, const at::Tensor& raw) {
    const at::Tensor block = scaled ? scaled(raw) : raw.to(working_type(array.type));
    const bool finite = block.scalar_type() == at::kFloat
                            ? add_block(block.const_data_ptr<float>(), block.size(0), moments)
                            : add_block(block.const_data_ptr<double>(), block.size(0), moments);
    if (!finite) not_finite(array, rows.subspan(static_cast<std::size_t>(first)), block);
  });
  return moments;
}

void check_finite(const Array& array, std::span<const std::int64_t> rows, const BlockScaling& scaled) {
  if (array.whole_numbers()) return;
  for_each_block(array, rows, [&](std::int64_t first, const at::Tensor& block) {
    if (scaled(block).isfinite().all().item<bool>()) return;
    not_finite(array, rows.subspan(static_cast<std::size_t>(first)), block);
  });
}

Moments by_group(const Moments& columns, const Layout& layout) {
  Moments groups(layout.groups);
  std::vector<double> values(groups.mean.size(), 0.0);
  const auto rows = static_cast<double>(columns.rows);
  for (std::size_t c = 0; c < columns.mean.size(); ++c) {
    const std::size_t g = layout.group_of(c);
    merge(groups.mean[g], groups.squares[g], values[g], columns.mean[c], columns.squares[c], rows);
    groups.min[g] = std::min(groups.min[g], columns.min[c]);
    groups.max[g] = std::max(groups.max[g], columns.max[c]);
    values[g] += rows;
  }
  groups.rows = columns.rows * layout.outer * layout.inner;
  return groups;
}

double deviation(const Moments& moments, std::size_t column) {
  return std::sqrt(moments.squares[column] / static_cast<double>(moments.rows));
}

}  // namespace thalweg
