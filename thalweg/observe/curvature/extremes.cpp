#include "thalweg/observe/curvature/extremes.h"

#include <utility>

#include "thalweg/spectral/operators.h"

namespace thalweg {

void Extremes::before_backward(const Step& step) {
  const auto hessian = step.graph->hessian();
  AffineOperator whole(*hessian, {.scale = 1.0 / step.graph_share});
  look_ = tracker_.look(whole);
}

void Extremes::after_backward(const Step& step, ReadingSink& out) {
  if (!look_) return;
  const auto put = [&](Quantity quantity, const EigenTracker::Value& value) {
    out.put({.step = step.index,
             .value = value.value,
             .error = static_cast<float>(value.error),
             .cost = 1.0F + 2.0F * static_cast<float>(look_->products),
             .quantity = quantity});
  };
  if (look_->top) put(Quantity::batch_lambda_max, *look_->top);
  if (look_->bottom) put(Quantity::batch_lambda_min, *look_->bottom);
  look_.reset();
}

}  // namespace thalweg
