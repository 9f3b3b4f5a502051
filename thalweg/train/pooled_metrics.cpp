#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "thalweg/train/intervals.h"
#include "thalweg/train/metric_parts.h"

namespace thalweg {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

at::Tensor host(const at::Tensor& tensor) { return tensor.detach().cpu(); }

class R2 final : public MetricPart {
 public:
  R2(const recipe::Loss& loss, const DataInfo& data)
      : data_(data), decisions_(loss, data.classes, recipe::MetricKind::r2) {}

  void add(const Scored& scored) override {
    const at::Tensor targets = decisions_.entries(scored).to(at::kDouble);
    const at::Tensor errors = scored.outputs.to(at::kDouble) - targets;
    errors_.push_back(host(in_original_unit(errors, data_).reshape({targets.size(0), -1}).square().sum(1)));
    targets_.push_back(
        host(in_original_unit(targets, data_).reshape({targets.size(0), -1})));  // a shift does not matter
  }

  Interval result() const override {
    if (errors_.empty()) return {kUndefined, kUndefined, kUndefined};
    const at::Tensor e = at::cat(errors_), t = at::cat(targets_);
    const at::Tensor s = (t - t.mean(0)).square().sum(1);
    const double spread = s.sum().item<double>(), rest = e.sum().item<double>() / spread;
    if (spread == 0.0) return {kUndefined, kUndefined, kUndefined};
    return normal_interval(1.0 - rest, (e - s * rest).square().sum().item<double>() / (spread * spread));
  }

 private:
  DataInfo data_;
  Decisions decisions_;
  std::vector<at::Tensor> errors_;   // [n] each: a row's squared error
  std::vector<at::Tensor> targets_;  // [n, columns] each
};

// Keeps every row's labels.
class LabelMetric : public MetricPart {
 public:
  LabelMetric(const recipe::Loss& loss, const DataInfo& data, recipe::MetricKind kind)
      : decisions_(loss, data.classes, kind) {}

  void add(const Scored& scored) override {
    const Columns columns = decisions_.columns(scored);
    scores_.push_back(host(columns.scores));
    decided_.push_back(host(columns.decided));
    wanted_.push_back(host(columns.wanted));
  }

 protected:
  std::vector<at::Tensor> scores_;
  std::vector<at::Tensor> decided_;
  std::vector<at::Tensor> wanted_;

 private:
  Decisions decisions_;
};

// Mean of a statistic over columns, and its variance from what each row moved it by.
struct Pooled {
  double sum = 0.0;
  double columns = 0.0;
  double rows = std::numeric_limits<double>::infinity();  // the fewest that a column rests on
  std::vector<double> influence;

  Interval interval() const {
    if (columns == 0.0) return {kUndefined, kUndefined, kUndefined};
    double variance = 0.0;
    for (const double i : influence) variance += i * i / (columns * columns);
    return share_interval(sum / columns, variance, rows);
  }
};

std::vector<std::size_t> order_of(const double* scores, std::size_t rows) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] < scores[b]; });
  return order;
}

// For each row the share of rows of the other kind that it is on the right side of: their mean over either kind is the
// area.
std::vector<double> placements(const double* scores, const bool* positive, std::size_t rows, double positives,
                               double negatives) {
  std::vector<double> placement(rows);
  const std::vector<std::size_t> order = order_of(scores, rows);
  double positives_below = 0.0, negatives_below = 0.0;
  for (std::size_t first = 0, last = 0; first < rows; first = last) {
    double tied_positives = 0.0, tied_negatives = 0.0;
    for (last = first; last < rows && scores[order[last]] == scores[order[first]]; ++last) {
      ++(positive[order[last]] ? tied_positives : tied_negatives);
    }
    for (std::size_t i = first; i < last; ++i) {
      placement[order[i]] = positive[order[i]] ? (negatives_below + 0.5 * tied_negatives) / negatives
                                               : 1.0 - (positives_below + 0.5 * tied_positives) / positives;
    }
    positives_below += tied_positives;
    negatives_below += tied_negatives;
  }
  return placement;
}

class Auc final : public LabelMetric {
 public:
  Auc(const recipe::Loss& loss, const DataInfo& data) : LabelMetric(loss, data, recipe::MetricKind::auc) {}

  Interval result() const override {
    if (scores_.empty()) return {kUndefined, kUndefined, kUndefined};
    const at::Tensor scores = at::cat(scores_).t().contiguous(), wanted = at::cat(wanted_).t().contiguous();
    if (scores.isnan().any().item<bool>()) return {kUndefined, kUndefined, kUndefined};
    const auto rows = static_cast<std::size_t>(scores.size(1));
    Pooled pooled{.influence = std::vector<double>(rows, 0.0)};
    for (std::int64_t k = 0; k < scores.size(0); ++k) {
      add_column(scores[k].const_data_ptr<double>(), wanted[k].const_data_ptr<bool>(), rows, pooled);
    }
    return pooled.interval();
  }

 private:
  static void add_column(const double* scores, const bool* positive, std::size_t rows, Pooled& pooled) {
    const auto positives = static_cast<double>(std::count(positive, positive + rows, true));
    const double negatives = static_cast<double>(rows) - positives;
    if (positives == 0.0 || negatives == 0.0) return;
    const std::vector<double> placement = placements(scores, positive, rows, positives, negatives);
    double area = 0.0;
    for (std::size_t i = 0; i < rows; ++i) area += positive[i] ? placement[i] / positives : 0.0;
    for (std::size_t i = 0; i < rows; ++i)
      pooled.influence[i] += (placement[i] - area) / (positive[i] ? positives : negatives);
    pooled.sum += area;
    pooled.columns += 1.0;
    pooled.rows = std::min({pooled.rows, positives, negatives});
  }
};

class F1 final : public LabelMetric {
 public:
  F1(const recipe::Loss& loss, const DataInfo& data) : LabelMetric(loss, data, recipe::MetricKind::f1) {}

  // Where a column has neither label nor decision there is nothing to measure; where all are so, F1 is 0.
  Interval result() const override {
    if (decided_.empty()) return {kUndefined, kUndefined, kUndefined};
    const at::Tensor decided = at::cat(decided_), wanted = at::cat(wanted_);
    const at::Tensor hit = (decided & wanted).to(at::kDouble), miss = (decided ^ wanted).to(at::kDouble);
    Pooled pooled{.influence = std::vector<double>(static_cast<std::size_t>(hit.size(0)), 0.0)};
    at::Tensor influence = at::zeros({hit.size(0)}, at::kDouble);
    for (std::int64_t k = 0; k < hit.size(1); ++k) {
      const double hits = hit.select(1, k).sum().item<double>(), misses = miss.select(1, k).sum().item<double>();
      const double all = 2.0 * hits + misses;
      if (all == 0.0) continue;
      influence += (hit.select(1, k) * misses - miss.select(1, k) * hits) * (2.0 / (all * all));
      pooled.sum += 2.0 * hits / all;
      pooled.columns += 1.0;
      pooled.rows = std::min(pooled.rows, hits + misses);
    }
    if (pooled.columns == 0.0) return share_interval(0.0, 0.0, 0.0);
    std::copy_n(influence.const_data_ptr<double>(), pooled.influence.size(), pooled.influence.begin());
    return pooled.interval();
  }
};

}  // namespace

std::unique_ptr<MetricPart> make_r2(const recipe::Loss& loss, const DataInfo& data) {
  return std::make_unique<R2>(loss, data);
}
std::unique_ptr<MetricPart> make_auc(const recipe::Loss& loss, const DataInfo& data) {
  return std::make_unique<Auc>(loss, data);
}
std::unique_ptr<MetricPart> make_f1(const recipe::Loss& loss, const DataInfo& data) {
  return std::make_unique<F1>(loss, data);
}

}  // namespace thalweg
