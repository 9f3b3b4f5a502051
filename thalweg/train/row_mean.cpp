#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "thalweg/train/intervals.h"
#include "thalweg/train/loss_terms.h"
#include "thalweg/train/metric_parts.h"

namespace thalweg {
namespace {

using recipe::MetricKind;

class RowMean final : public MetricPart {
 public:
  RowMean(MetricKind kind, const recipe::Loss& loss, const DataInfo& data)
      : kind_(kind), loss_(loss), data_(data), decisions_(loss, data.classes, kind) {}

  void add(const Scored& scored) override {
    const at::Tensor values = entries(scored).to(at::kDouble);
    rows_.add(values.dim() > 1 ? values.flatten(1).mean(1) : values);
  }
  Interval result() const override;

 private:
  at::Tensor entries(const Scored& scored) const;
  at::Tensor errors(const Scored& scored) const {
    return in_original_unit(scored.outputs.to(at::kDouble) - decisions_.entries(scored), data_);
  }
  at::Tensor nats(const Scored& scored) const;

  MetricKind kind_;
  recipe::Loss loss_;
  DataInfo data_;
  Decisions decisions_;
  RowMoments rows_;
};

// −log p of the target, whatever smoothing the surrogate has.
at::Tensor RowMean::nats(const Scored& scored) const {
  if (loss_.label_smoothing == 0.0) return scored.row_losses;
  recipe::Loss plain = loss_;
  plain.label_smoothing = 0.0;
  return loss_terms(plain, scored.outputs, fit_targets(plain, scored.outputs, scored.targets, data_.classes));
}

at::Tensor RowMean::entries(const Scored& scored) const {
  switch (kind_) {
    case MetricKind::accuracy:
      return decisions_.right_class(scored);
    case MetricKind::top5:
      return decisions_.among_five(scored);
    case MetricKind::binary_accuracy:
    case MetricKind::hamming:
      return decisions_.right_entries(scored);
    case MetricKind::subset_accuracy: {
      const at::Tensor right = decisions_.right_entries(scored);
      return right.dim() > 1 ? right.flatten(1).all(1) : right;
    }
    case MetricKind::mae:
      return errors(scored).abs();
    case MetricKind::rmse:
      return errors(scored).square();
    case MetricKind::bits_per_character:
      return nats(scored).to(at::kDouble) / std::numbers::ln2;
    default:
      return scored.row_losses;
  }
}

Interval RowMean::result() const {
  const double mean = rows_.mean(), variance = rows_.variance_of_mean();
  switch (kind_) {
    case MetricKind::loss:
    case MetricKind::mae:
    case MetricKind::bits_per_character:
      return normal_interval(mean, variance);
    case MetricKind::rmse: {
      const Interval square = normal_interval(mean, variance);
      return {.value = std::sqrt(mean), .low = std::sqrt(std::fmax(square.low, 0.0)), .high = std::sqrt(square.high)};
    }
    default:
      return share_interval(mean, rows_.count() > 1 ? variance : 0.0, static_cast<double>(rows_.count()));
  }
}

}  // namespace

at::Tensor in_original_unit(const at::Tensor& errors, const DataInfo& data) {
  if (data.targets != recipe::TargetKind::real || data.target_scale.empty()) return errors;
  return errors * at::tensor(data.target_scale, errors.options().dtype(at::kDouble));
}

std::unique_ptr<MetricPart> make_row_mean(MetricKind kind, const recipe::Loss& loss, const DataInfo& data) {
  return std::make_unique<RowMean>(kind, loss, data);
}

}  // namespace thalweg
