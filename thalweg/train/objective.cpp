#include "thalweg/train/objective.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "thalweg/train/best_constant.h"
#include "thalweg/train/loss_terms.h"

namespace thalweg {
namespace {

constexpr std::int64_t kRowsAtOnce = 4096;
constexpr std::int64_t kEntries = std::int64_t{1} << 20;

// The targets of a part, or of evenly spaced rows where there are too many.
at::Tensor targets_of(const Part& part) {
  if (part.rows() == 0) return at::empty({0});
  const std::int64_t entries = part.slice(0, 1).targets.numel();
  const std::int64_t rows = std::clamp<std::int64_t>(kEntries / std::max<std::int64_t>(entries, 1), 1, part.rows());
  std::vector<at::Tensor> pieces;
  for (std::int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const std::int64_t count = std::min(kRowsAtOnce, rows - first);
    const Batch batch = rows == part.rows()
                            ? part.slice(first, count)
                            : part.gather((at::arange(first, first + count) * part.rows()).floor_divide(rows));
    pieces.push_back(batch.targets.cpu());
  }
  return at::cat(pieces);
}

std::vector<double> to_vector(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

// Class c as a number, as often as it occurs.
Distribution numbers(const std::vector<double>& shares) {
  Distribution column;
  for (std::size_t c = 0; c < shares.size(); ++c) {
    if (shares[c] == 0.0) continue;
    column.values.push_back(static_cast<double>(c));
    column.weights.push_back(shares[c]);
  }
  return column;
}

double best_for_classes(const recipe::Loss& loss, const std::vector<double>& shares, std::int64_t outputs) {
  if (over_classes(loss.kind)) return best_constant_over_classes(loss, shares);
  if (outputs == 1) return best_constant_of_column(loss, numbers(shares));
  double sum = 0.0;
  for (const double share : shares)
    sum += best_constant_of_column(loss, {.values = {0.0, 1.0}, .weights = {1.0 - share, share}});
  return sum / static_cast<double>(shares.size());
}

double best_for_columns(const recipe::Loss& loss, const at::Tensor& targets) {
  const at::Tensor table = targets.reshape({targets.size(0), -1}).to(at::kDouble);
  if (over_classes(loss.kind)) return best_constant_over_classes(loss, to_vector(table.mean(0)));
  double sum = 0.0;
  for (const at::Tensor& column : table.unbind(1)) {
    sum += best_constant_of_column(
        loss, {to_vector(column), std::vector<double>(static_cast<std::size_t>(table.size(0)), 1.0)});
  }
  return sum / static_cast<double>(table.size(1));
}

bool penalised(const at::Tensor& weight) { return weight.dim() >= 2; }

}  // namespace

Objective::Objective(const recipe::Loss& loss, const DataInfo& data, std::vector<at::Tensor> weights)
    : loss_(loss), data_(data), weights_(std::move(weights)) {
  std::erase_if(weights_, [](const at::Tensor& weight) { return !penalised(weight); });
}

Objective::Value Objective::operator()(const at::Tensor& outputs, const at::Tensor& targets) const {
  const auto [total, terms] = reduced_loss(loss_, outputs, fit_targets(loss_, outputs, targets, data_.classes));
  Value value{.total = total, .rows = terms};
  if (terms.dim() > 1) {
    value.rows = terms.flatten(1).mean(1);
    value.entries = terms.numel() / std::max<std::int64_t>(terms.size(0), 1);
  }
  if (loss_.l2 > 0.0) {
    for (const at::Tensor& weight : weights_) value.total = value.total + weight.square().sum() * (0.5 * loss_.l2);
  }
  return value;
}

double Objective::Value::loss() const { return rows.mean(at::kDouble).item<double>(); }

double Objective::exact(const Value& value) const {
  const bool mean = loss_.reduction == recipe::Reduction::mean;
  double objective =
      mean ? value.loss() : value.rows.sum(at::kDouble).item<double>() * static_cast<double>(value.entries);
  if (loss_.l2 > 0.0) {
    for (const at::Tensor& weight : weights_)
      objective += 0.5 * loss_.l2 * weight.detach().to(at::kDouble).square().sum().item<double>();
  }
  return objective;
}

double Objective::best_constant(const Part& part, std::int64_t outputs) const {
  const at::Tensor targets = targets_of(part);
  if (targets.size(0) == 0) return std::numeric_limits<double>::quiet_NaN();
  if (targets.is_floating_point()) return best_for_columns(loss_, targets);
  const at::Tensor counts = at::bincount(targets.flatten().to(at::kLong), {}, std::max<std::int64_t>(data_.classes, 1));
  return best_for_classes(loss_, to_vector(counts.to(at::kDouble) / static_cast<double>(targets.numel())), outputs);
}

}  // namespace thalweg
