#include "thalweg/data/array.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace thalweg {
namespace {

void swap_bytes(char* data, std::size_t size, std::size_t element_size) {
  for (std::size_t i = 0; i < size; i += element_size) std::reverse(data + i, data + i + element_size);
}

// What was copied from the file, made fit to be used: byte order, and truth values other than 0 and 1.
void normalise(const at::Tensor& rows, bool swapped) {
  char* data = static_cast<char*>(rows.data_ptr());
  if (swapped) swap_bytes(data, rows.nbytes(), rows.element_size());
  if (rows.scalar_type() == at::kBool) {
    for (std::size_t i = 0; i < rows.nbytes(); ++i) data[i] = data[i] != 0 ? 1 : 0;
  }
}

at::Tensor make_rows(const Array& array, std::int64_t rows) {
  std::vector<std::int64_t> shape = array.shape;
  shape[0] = rows;
  return at::empty(shape, array.type);
}

}  // namespace

std::int64_t Array::row_elements() const {
  std::int64_t product = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

at::Tensor Array::gather(std::span<const std::int64_t> index) const {
  at::Tensor rows = make_rows(*this, static_cast<std::int64_t>(index.size()));
  char* out = static_cast<char*>(rows.data_ptr());
  const std::size_t size = row_bytes();
  for (const std::int64_t row : index) {
    std::memcpy(out, bytes.view.data() + static_cast<std::size_t>(row) * size, size);
    out += size;
  }
  normalise(rows, swapped);
  return rows;
}

at::Tensor Array::all() const {
  at::Tensor rows = make_rows(*this, shape[0]);
  if (rows.nbytes() > 0) std::memcpy(rows.data_ptr(), bytes.view.data(), rows.nbytes());
  normalise(rows, swapped);
  return rows;
}

Array to_array(const at::Tensor& tensor, std::string name) {
  auto kept = std::make_shared<at::Tensor>(tensor.contiguous());
  const std::string_view view(static_cast<const char*>(kept->const_data_ptr()), kept->nbytes());
  return {{view, kept, false}, tensor.scalar_type(), false, tensor.sizes().vec(), std::move(name)};
}

std::int64_t checked_elements(std::span<const std::int64_t> shape, std::size_t element_size) {
  const std::int64_t most = (std::int64_t{1} << 62U) / static_cast<std::int64_t>(element_size);
  std::int64_t product = 1;
  for (const std::int64_t length : shape) {
    if (length < 0) return -1;
    if (length == 0) return 0;
    if (product > most / length) return -1;
    product *= length;
  }
  return product;
}

std::string shown_shape(std::span<const std::int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::span<const std::int64_t> as_span(const at::Tensor& index) {
  return {index.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(index.numel())};
}

}  // namespace thalweg
