#include "thalweg/train/metrics.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"
#include "thalweg/train/intervals.h"
#include "thalweg/train/loss_terms.h"
#include "thalweg/train/metric_parts.h"

namespace thalweg {
namespace {

using recipe::LossKind;
using recipe::MetricKind;
using recipe::TargetKind;

// "" where the metric can be measured on such targets; else what is in the way and what fits.
std::string objection(MetricKind kind, LossKind loss, TargetKind targets) {
  const bool binary_loss = loss == LossKind::bce || loss == LossKind::bce_logits;
  switch (kind) {
    case MetricKind::loss:
    case MetricKind::r2:
    case MetricKind::rmse:
    case MetricKind::mae:
      return "";
    case MetricKind::bits_per_character:
      return over_classes(loss) ? "" : "needs loss.kind = \"cross_entropy\" or \"nll_probabilities\"";
    case MetricKind::accuracy:
    case MetricKind::top5:
      if (targets == TargetKind::multilabel)
        return "needs one class a row; several labels have subset_accuracy, hamming, auc or f1";
      break;
    case MetricKind::auc:
    case MetricKind::f1:
      if (targets == TargetKind::sequence)
        return "is not measured on sequences; they have accuracy, loss or bits_per_character";
      [[fallthrough]];
    default:
      if (targets == TargetKind::real && binary_loss) return "";
  }
  return targets == TargetKind::real ? "needs classes; real targets have loss, r2, rmse or mae" : "";
}

std::unique_ptr<MetricPart> make_part(MetricKind kind, const recipe::Loss& loss, const DataInfo& data) {
  if (const std::string why = objection(kind, loss.kind, data.targets); !why.empty()) {
    throw UsageError(fmt::format("metric.kind = \"{}\" {}", metric_name(kind), why));
  }
  switch (kind) {
    case MetricKind::r2:
      return make_r2(loss, data);
    case MetricKind::auc:
      return make_auc(loss, data);
    case MetricKind::f1:
      return make_f1(loss, data);
    default:
      return make_row_mean(kind, loss, data);
  }
}

}  // namespace

std::string_view metric_name(MetricKind kind) { return recipe::name(kind); }

bool larger_is_better(MetricKind kind) {
  return kind != MetricKind::loss && kind != MetricKind::rmse && kind != MetricKind::mae &&
         kind != MetricKind::bits_per_character;
}

struct MetricAccumulator::State {
  std::vector<std::unique_ptr<MetricPart>> parts;
  RowMoments losses;
};

MetricAccumulator::MetricAccumulator(const recipe::Metric& metric, const recipe::Loss& loss, const DataInfo& data)
    : state_(std::make_unique<State>()) {
  for (const MetricKind kind : metric.kinds) state_->parts.push_back(make_part(kind, loss, data));
}

MetricAccumulator::~MetricAccumulator() = default;

void MetricAccumulator::add(const at::Tensor& outputs, const at::Tensor& targets, const at::Tensor& row_losses) {
  const at::NoGradGuard no_grad;
  state_->losses.add(row_losses);
  for (const auto& part : state_->parts) part->add({.outputs = outputs, .targets = targets, .row_losses = row_losses});
}

Interval MetricAccumulator::loss() const {
  return normal_interval(state_->losses.mean(), state_->losses.variance_of_mean());
}

std::vector<Interval> MetricAccumulator::metrics() const {
  std::vector<Interval> intervals;
  for (const auto& part : state_->parts) intervals.push_back(part->result());
  return intervals;
}

}  // namespace thalweg
