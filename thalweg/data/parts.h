// The kinds of parts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/data/array.h"
#include "thalweg/data/dataset.h"
#include "thalweg/data/scaling.h"

namespace thalweg {

// Inputs and targets in memory, scaled. A slice is a view.
class TensorPart final : public Part {
 public:
  TensorPart(at::Tensor inputs, at::Tensor targets);
  std::int64_t rows() const override { return inputs_.size(0); }
  Batch gather(const at::Tensor& index) const override;
  Batch slice(std::int64_t first, std::int64_t count) const override;

 private:
  at::Tensor inputs_;
  at::Tensor targets_;
};

// Inputs in a mapped file, scaled as they are gathered; targets in memory. `numbers`: the file's row of each row.
class MappedPart final : public Part {
 public:
  MappedPart(Array inputs, at::Tensor numbers, InputScaling scaling, at::Tensor targets);
  std::int64_t rows() const override { return numbers_.size(0); }
  Batch gather(const at::Tensor& index) const override;
  Batch slice(std::int64_t first, std::int64_t count) const override;
  bool slow_to_gather() const override { return true; }

 private:
  Batch read(const at::Tensor& numbers, at::Tensor targets) const;

  Array inputs_;
  at::Tensor numbers_;
  InputScaling scaling_;
  at::Tensor targets_;
};

// Windows of one row of characters: inputs are `context` of them, targets the same shifted by one. Row i begins at i ·
// stride.
class TextPart final : public Part {
 public:
  struct Options {
    std::int64_t context = 64;
    std::int64_t stride = 1;
    std::int64_t limit = 0;  // rows at most; 0: all
  };
  TextPart(at::Tensor characters, Options options);  // [length], uint8 or int32
  static std::int64_t count_rows(std::int64_t length, const Options& options);
  std::int64_t rows() const override { return rows_; }
  Batch gather(const at::Tensor& index) const override;
  Batch slice(std::int64_t first, std::int64_t count) const override;

 private:
  at::Tensor characters_;
  Options options_;
  std::int64_t rows_;
};

}  // namespace thalweg
