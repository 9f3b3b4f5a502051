#include "thalweg/data/targets.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::TargetKind;

constexpr std::int64_t kMostClasses = 1'000'000;

bool is_matrix(const Array& y) { return y.shape.size() == 2 && y.shape[1] > 1; }
bool is_column(const Array& y) { return y.shape.size() == 1 || (y.shape.size() == 2 && y.shape[1] == 1); }

// "y.npy[17, 3] = -1", for the first element where `wrong` is true; empty where none is.
std::string first_where(const at::Tensor& wrong, const at::Tensor& values, const std::string& name) {
  if (!wrong.any().item<bool>()) return "";
  const std::int64_t flat = wrong.flatten().to(at::kByte).argmax().item<std::int64_t>();
  std::int64_t rest = flat;
  std::string place;
  for (std::int64_t axis = values.dim() - 1; axis >= 0; --axis) {
    place = std::to_string(rest % values.size(axis)) + (place.empty() ? "" : ", ") + place;
    rest /= values.size(axis);
  }
  return fmt::format("{}[{}] = {:.17g}", name, place, values.flatten()[flat].item<double>());
}

at::Tensor as_double(const Array& y) {
  const at::Tensor values = y.all().to(at::kDouble);
  const std::string place = first_where(values.isfinite().logical_not_(), values, y.name);
  if (!place.empty()) throw InputError(fmt::format("{}: a target must be a finite number; leave the row out", place));
  return values;
}

bool all_zero_or_one(const at::Tensor& values) { return values.eq(0).logical_or_(values.eq(1)).all().item<bool>(); }
bool is_one_hot(const at::Tensor& values) { return all_zero_or_one(values) && values.sum(1).eq(1).all().item<bool>(); }

bool are_steps(const Array& y, const Array& x) {
  const bool one_each = y.shape.size() == 2 && x.shape.size() >= 2 && x.shape[1] == y.shape[1];
  return one_each && y.whole_numbers() && (x.shape.size() == 3 || (x.shape.size() == 2 && x.whole_numbers()));
}

// Numbers written as text: are these classes?
bool look_like_classes(const at::Tensor& values, std::vector<std::string>& notes) {
  if (!values.eq(values.floor()).all().item<bool>()) return false;
  const double least = values.min().item<double>(), most = values.max().item<double>();
  const auto rows = static_cast<double>(values.size(0));
  if (least >= 0.0 && most <= rows && most < static_cast<double>(kMostClasses)) return true;
  notes.push_back(
      fmt::format("the targets are whole numbers from {} to {}, which in {} rows are taken as amounts, not classes; "
                  "data.targets says otherwise",
                  least, most, rows));
  return false;
}

TargetKind infer(const Source& source, std::vector<std::string>& notes) {
  const auto& [x, y] = source.train;
  if (source.targets != TargetKind::infer) return source.targets;
  if (source.named_classes > 0) return TargetKind::classes;
  if (are_steps(y, x)) return TargetKind::sequence;
  if (is_matrix(y)) {
    const at::Tensor values = as_double(y);
    if (is_one_hot(values)) return TargetKind::onehot;
    if (all_zero_or_one(values)) return TargetKind::multilabel;
    return TargetKind::real;
  }
  if (is_column(y) && y.whole_numbers()) return TargetKind::classes;
  if (is_column(y) && source.untyped && look_like_classes(as_double(y), notes)) return TargetKind::classes;
  return TargetKind::real;
}

// Whole numbers from 0.
at::Tensor class_numbers(const Array& y) {
  const at::Tensor values = as_double(y);
  const auto check = [&](const at::Tensor& wrong, const char* rule) {
    const std::string place = first_where(wrong, values, y.name);
    if (!place.empty())
      throw InputError(fmt::format("{}: {}; data.targets = \"real\" takes it for an amount", place, rule));
  };
  check(values.ne(values.floor()), "a class is a whole number");
  check(values.lt(0), "classes are numbered from 0");
  check(values.ge(static_cast<double>(kMostClasses)), "at most 1000000 classes are read");
  return values.to(at::kLong);
}

at::Tensor flat_classes(const Array& y) {
  if (!is_column(y)) {
    throw InputError(fmt::format(
        "{}: has the shape {}, but classes are one number a row; data.targets = \"onehot\", \"multilabel\", "
        "\"sequence\" or \"real\" may fit",
        y.name, shown_shape(y.shape)));
  }
  return class_numbers(y).flatten();
}

at::Tensor matrix(const Array& y, const char* kind) {
  const at::Tensor values = as_double(y);
  if (values.dim() == 1) return values.unsqueeze(1);
  if (values.dim() == 2) return values;
  throw InputError(fmt::format("{}: has the shape {}, but {} targets are [rows] or [rows, columns]", y.name,
                               shown_shape(y.shape), kind));
}

at::Tensor multilabel(const Array& y) {
  const at::Tensor values = matrix(y, "multilabel");
  const std::string place = first_where(values.ne(0).logical_and_(values.ne(1)), values, y.name);
  if (!place.empty()) throw InputError(fmt::format("{}: a label is 0 or 1", place));
  return values.to(at::kFloat);
}

at::Tensor one_hot_rows(const Array& y) {
  const at::Tensor values = multilabel(y);
  const at::Tensor sums = values.sum(1);
  const std::string place = first_where(sums.ne(1), sums, fmt::format("{}: the sum of row ", y.name));
  if (!place.empty())
    throw InputError(
        fmt::format("{}: a one-hot row has exactly one 1; data.targets = \"multilabel\" allows "
                    "other numbers",
                    place));
  return values;
}

at::Tensor steps(const Array& y, const Array& x) {
  if (y.shape.size() != 2 || x.shape.size() < 2 || y.shape[1] != x.shape[1]) {
    throw InputError(fmt::format(
        "{}: has the shape {}, but a sequence needs a class for each of the inputs' steps, whose shape is {}", y.name,
        shown_shape(y.shape), shown_shape(x.shape)));
  }
  return class_numbers(y);
}

at::Tensor convert(const Table& table, TargetKind kind) {
  const auto& [x, y] = table;
  switch (kind) {
    case TargetKind::classes:
      return flat_classes(y);
    case TargetKind::multilabel:
      return multilabel(y);
    case TargetKind::onehot:
      return is_column(y) ? flat_classes(y) : one_hot_rows(y);
    case TargetKind::sequence:
      return steps(y, x);
    default:
      return matrix(y, "real");
  }
}

std::int64_t highest(const Targets& targets) {
  std::int64_t most = 0;
  for (const at::Tensor* part : {&targets.train, &targets.test, &targets.validation}) {
    if (part->defined()) most = std::max(most, part->max().item<std::int64_t>());
  }
  return most;
}

// Numbers of classes into rows of 0 and 1.
void expand(Targets& targets) {
  for (at::Tensor* part : {&targets.train, &targets.test, &targets.validation}) {
    if (part->defined()) *part = at::one_hot(*part, targets.classes).to(at::kFloat);
  }
}

}  // namespace

Targets read_targets(const Source& source, const recipe::Data& data, std::vector<std::string>& notes) {
  Targets result;
  result.kind = data.targets == TargetKind::infer ? infer(source, notes) : data.targets;
  if (source.named_classes > 0 && result.kind != TargetKind::classes && result.kind != TargetKind::onehot) {
    throw UsageError(
        fmt::format("data.targets: the target column of {} is categorical, so its targets are \"class\" or \"onehot\"",
                    source.name));
  }
  result.train = convert(source.train, result.kind);
  if (source.test) result.test = convert(*source.test, result.kind);
  if (source.validation) result.validation = convert(*source.validation, result.kind);
  const bool numbers = result.train.scalar_type() == at::kLong;
  if (numbers) result.classes = std::max(source.named_classes, highest(result) + 1);
  if (result.kind == TargetKind::onehot && numbers) expand(result);
  if (result.train.dim() == 2 && result.kind != TargetKind::sequence) result.columns = result.train.size(1);
  if (result.kind == TargetKind::onehot || result.kind == TargetKind::multilabel) result.classes = result.columns;
  return result;
}

}  // namespace thalweg
