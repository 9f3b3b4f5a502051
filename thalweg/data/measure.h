// A pass over the rows of an array: its moments, column by column and group by group.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "thalweg/data/array.h"
#include "thalweg/data/moments_kernel.h"

namespace thalweg {

// How the values of a row, taken flat, fall into groups that are scaled alike: a row is [outer, groups, inner].
// tables: a group for each column; images [channel, …]: for each channel; sequences [time, feature]: for each feature.
struct Layout {
  std::int64_t outer = 1;
  std::int64_t groups = 1;
  std::int64_t inner = 1;
  std::size_t group_of(std::size_t column) const {
    return column / static_cast<std::size_t>(inner) % static_cast<std::size_t>(groups);
  }
};
Layout layout_of(const Array& array);

// The type in which rows of that type are scaled: float, or double where float would lose digits.
at::ScalarType working_type(at::ScalarType type);

// Rows that are taken at once, so that a block stays in the cache.
std::int64_t block_rows(const Array& array);

// Calls f(first, block) for blocks of the rows, as they lie in the file.
void for_each_block(const Array& array, std::span<const std::int64_t> rows,
                    const std::function<void(std::int64_t first, at::Tensor block)>& f);

// What is done to a block before it is looked at.
using BlockScaling = std::function<at::Tensor(const at::Tensor&)>;

// InputError, naming the element, where a value is not finite. `scaled` is applied to each block first, where given.
Moments measure(const Array& array, std::span<const std::int64_t> rows, const BlockScaling& scaled = {});

// InputError, naming the first element that is not finite or is not once it is scaled. Whole numbers are not looked at.
void check_finite(const Array& array, std::span<const std::int64_t> rows, const BlockScaling& scaled);

// The columns of a group together; `rows` counts its values.
Moments by_group(const Moments& columns, const Layout& layout);

// √(squares / rows)
double deviation(const Moments& moments, std::size_t column);

}  // namespace thalweg
