// One metric of given outputs and targets, for the tests of metrics.
#pragma once

#include <algorithm>

#include "thalweg/train/metrics.h"
#include "thalweg/train/objective.h"

namespace thalweg::testing {

using recipe::MetricKind;

struct Case {
  MetricKind metric = MetricKind::accuracy;
  recipe::Loss loss;
  DataInfo data;
};

// The metric of outputs and targets, given `rows_at_once` rows at a time.
inline Interval measure(const Case& c, const at::Tensor& outputs, const at::Tensor& targets,
                        std::int64_t rows_at_once = 1 << 20) {
  MetricAccumulator accumulator({.kinds = {c.metric}}, c.loss, c.data);
  const Objective objective(c.loss, c.data, {});
  for (std::int64_t first = 0; first < outputs.size(0); first += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, outputs.size(0) - first);
    const at::Tensor o = outputs.narrow(0, first, count), t = targets.narrow(0, first, count);
    accumulator.add(o, t, objective(o, t).rows);
  }
  return accumulator.metrics().front();
}

}  // namespace thalweg::testing
