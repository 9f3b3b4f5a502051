#include "thalweg/data/parts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace thalweg {
namespace {

void check_index(std::span<const std::int64_t> index, std::int64_t rows) {
  for (const std::int64_t row : index) {
    if (row < 0 || row >= rows) throw std::out_of_range(fmt::format("row {} of a part of {}", row, rows));
  }
}

template <class T>
Batch windows(const T* characters, std::span<const std::int64_t> index, const TextPart::Options& options) {
  const auto rows = static_cast<std::int64_t>(index.size());
  Batch batch{at::empty({rows, options.context}, at::kLong), at::empty({rows, options.context}, at::kLong), rows};
  std::int64_t* input = batch.inputs.data_ptr<std::int64_t>();
  std::int64_t* target = batch.targets.data_ptr<std::int64_t>();
  for (const std::int64_t row : index) {
    const T* begin = characters + row * options.stride;
    input = std::copy_n(begin, options.context, input);
    target = std::copy_n(begin + 1, options.context, target);
  }
  return batch;
}

}  // namespace

TensorPart::TensorPart(at::Tensor inputs, at::Tensor targets)
    : inputs_(std::move(inputs)), targets_(std::move(targets)) {}

Batch TensorPart::gather(const at::Tensor& index) const {
  return {inputs_.index_select(0, index), targets_.index_select(0, index), index.size(0)};
}

Batch TensorPart::slice(std::int64_t first, std::int64_t count) const {
  return {inputs_.narrow(0, first, count), targets_.narrow(0, first, count), count};
}

MappedPart::MappedPart(Array inputs, at::Tensor numbers, InputScaling scaling, at::Tensor targets)
    : inputs_(std::move(inputs)),
      numbers_(std::move(numbers)),
      scaling_(std::move(scaling)),
      targets_(std::move(targets)) {}

Batch MappedPart::read(const at::Tensor& numbers, at::Tensor targets) const {
  return {scaling_.apply(inputs_.gather(as_span(numbers))), std::move(targets), numbers.size(0)};
}

Batch MappedPart::gather(const at::Tensor& index) const {
  return read(numbers_.index_select(0, index), targets_.index_select(0, index));
}

Batch MappedPart::slice(std::int64_t first, std::int64_t count) const {
  return read(numbers_.narrow(0, first, count), targets_.narrow(0, first, count));
}

TextPart::TextPart(at::Tensor characters, Options options)
    : characters_(std::move(characters)), options_(options), rows_(count_rows(characters_.numel(), options_)) {}

std::int64_t TextPart::count_rows(std::int64_t length, const Options& options) {
  const std::int64_t window = options.context + 1;
  const std::int64_t rows = length < window ? 0 : (length - window) / options.stride + 1;
  return options.limit > 0 ? std::min(rows, options.limit) : rows;
}

Batch TextPart::gather(const at::Tensor& index) const {
  const std::span<const std::int64_t> rows = as_span(index);
  check_index(rows, rows_);
  return characters_.scalar_type() == at::kByte ? windows(characters_.const_data_ptr<std::uint8_t>(), rows, options_)
                                                : windows(characters_.const_data_ptr<std::int32_t>(), rows, options_);
}

Batch TextPart::slice(std::int64_t first, std::int64_t count) const {
  return gather(at::arange(first, first + count, at::kLong));
}

}  // namespace thalweg
