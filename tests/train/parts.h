// Small data for the tests of objective and metrics.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "thalweg/data/dataset.h"
#include "thalweg/record/error.h"

namespace thalweg::testing {

// A part whose rows are given; inputs are of no account.
class GivenPart final : public Part {
 public:
  explicit GivenPart(at::Tensor targets) : targets_(std::move(targets)) {}
  std::int64_t rows() const override { return targets_.size(0); }
  Batch gather(const at::Tensor& index) const override {
    return {at::zeros({index.numel(), 1}), targets_.index_select(0, index), index.numel()};
  }
  Batch slice(std::int64_t first, std::int64_t count) const override {
    return {at::zeros({count, 1}), targets_.narrow(0, first, count), count};
  }

 private:
  at::Tensor targets_;
};

// A matrix of doubles, row by row.
inline at::Tensor table(const std::vector<std::vector<double>>& rows) {
  std::vector<at::Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(at::tensor(row, at::kDouble));
  return at::stack(tensors);
}

inline DataInfo classes(std::int64_t count, recipe::TargetKind kind = recipe::TargetKind::classes) {
  DataInfo info;
  info.targets = kind;
  info.classes = count;
  return info;
}
inline DataInfo real() { return classes(0, recipe::TargetKind::real); }

template <class Call>
std::string usage_error(const Call& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace thalweg::testing
