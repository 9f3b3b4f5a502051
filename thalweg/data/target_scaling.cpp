#include "thalweg/data/target_scaling.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/data/scaling.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Scaling;
using recipe::ScalingChoice;
using recipe::TargetKind;

// What the test part's choice comes to.
ScalingChoice of_test(const recipe::Data& data) {
  return data.test_target_scaling.kind == Scaling::same ? data.target_scaling : data.test_target_scaling;
}

void check_kind(const ScalingChoice& choice, TargetKind kind, const char* key) {
  const bool real = kind == TargetKind::real;
  const bool fits = choice.kind == Scaling::none ||
                    (choice.kind == Scaling::divide && (real || kind == TargetKind::classes)) ||
                    (real && (choice.kind == Scaling::standardize || choice.kind == Scaling::minmax));
  if (fits) return;
  throw UsageError(fmt::format("{}: {}", key,
                               real ? "real targets take none, standardize, minmax or a number to divide by"
                               : kind == TargetKind::classes
                                   ? "classes take none or a number to divide by"
                                   : "these targets are 0 and 1 or a sequence, and take none"));
}

at::Tensor scaled(const at::Tensor& targets, const ColumnScaling& affine) {
  const at::Tensor result =
      targets.sub(at::tensor(affine.shift, at::kDouble)).div_(at::tensor(affine.scale, at::kDouble));
  if (result.abs().max().item<double>() > std::numeric_limits<float>::max()) {
    throw InputError("a target is too large for float32; data.target_scaling brings it down");
  }
  return result.to(at::kFloat);
}

void scale_real(const recipe::Data& data, Targets& parts, DataInfo& info, std::vector<std::string>& notes) {
  const at::Tensor train = parts.train.contiguous();
  Moments moments(parts.columns);
  if (!add_block(train.const_data_ptr<double>(), train.size(0), moments)) {
    throw InputError("the targets are too large to be averaged; divide them beforehand");
  }
  const ColumnScaling affine = fit(data.target_scaling, moments, false, "data.target_scaling");
  if (affine.constant > 0)
    notes.push_back(fmt::format("{} constant target column(s) are only centred", affine.constant));
  if (parts.test.defined())
    parts.test = scaled(parts.test, fit(of_test(data), moments, false, "data.test_target_scaling"));
  if (parts.validation.defined()) parts.validation = scaled(parts.validation, affine);
  parts.train = scaled(train, affine);
  info.target_shift = affine.shift;
  info.target_scale = affine.scale;
}

// Divided and cut to whole numbers.
at::Tensor cut(const at::Tensor& classes, const ScalingChoice& choice, const char* key) {
  if (!classes.defined() || choice.kind == Scaling::none) return classes;
  if (!(choice.divisor > 0.0) || !std::isfinite(choice.divisor)) {
    throw UsageError(fmt::format("{} = {}: classes are divided by a number above 0", key, choice.divisor));
  }
  const at::Tensor result = classes.to(at::kDouble).div_(choice.divisor).floor_();
  constexpr double kMostClasses = 1e6;
  if (result.max().item<double>() >= kMostClasses) {
    throw UsageError(fmt::format("{} = {}: makes more than a million classes", key, choice.divisor));
  }
  return result.to(at::kLong);
}

void cut_classes(const recipe::Data& data, Targets& parts) {
  if (data.target_scaling.kind == Scaling::none && of_test(data).kind == Scaling::none) return;
  parts.train = cut(parts.train, data.target_scaling, "data.target_scaling");
  parts.validation = cut(parts.validation, data.target_scaling, "data.target_scaling");
  parts.test = cut(parts.test, of_test(data), "data.test_target_scaling");
  parts.classes = 1;
  for (const at::Tensor* part : {&parts.train, &parts.validation, &parts.test}) {
    if (part->defined()) parts.classes = std::max(parts.classes, part->max().item<std::int64_t>() + 1);
  }
}

}  // namespace

void scale_targets(const recipe::Data& data, Targets& parts, DataInfo& info, std::vector<std::string>& notes) {
  check_kind(data.target_scaling, parts.kind, "data.target_scaling");
  check_kind(of_test(data), parts.kind, "data.test_target_scaling");
  if (parts.kind == TargetKind::real) scale_real(data, parts, info, notes);
  if (parts.kind == TargetKind::classes) cut_classes(data, parts);
  info.targets = parts.kind;
  info.classes = parts.classes;
  info.target_columns = parts.columns;
}

}  // namespace thalweg
