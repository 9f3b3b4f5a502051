// A numeric array as it lies in a file: rows of one type in C order, of which only those asked for are read.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "thalweg/data/bytes.h"

namespace thalweg {

struct Array {
  Bytes bytes;
  at::ScalarType type = at::kFloat;
  bool swapped = false;             // the other byte order than this machine's
  std::vector<std::int64_t> shape;  // at least one axis: rows
  std::string name;                 // in front of errors: "data.npz: array x"

  std::int64_t rows() const { return shape[0]; }
  std::int64_t row_elements() const;
  std::size_t row_bytes() const { return static_cast<std::size_t>(row_elements()) * c10::elementSize(type); }
  std::int64_t bytes_as_float() const { return rows() * row_elements() * 4; }
  bool whole_numbers() const { return c10::isIntegralType(type, /*includeBool=*/true); }
  // Those rows, copied, in this machine's byte order: [k, ...] of `type`. Rows must exist.
  at::Tensor gather(std::span<const std::int64_t> index) const;
  at::Tensor all() const;
};

// The array of a tensor that is in memory already.
Array to_array(const at::Tensor& tensor, std::string name);

// The number of elements of a shape, or -1 where it is negative or does not fit 2^62 bytes of `element_size` each.
std::int64_t checked_elements(std::span<const std::int64_t> shape, std::size_t element_size);

// "[60000, 1, 28, 28]"
std::string shown_shape(std::span<const std::int64_t> shape);

// The rows of an index tensor, which must be contiguous int64 on the CPU.
std::span<const std::int64_t> as_span(const at::Tensor& index);

}  // namespace thalweg
