#include "thalweg/observe/propagation/units.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

namespace thalweg {
namespace {

constexpr float kForward = 0.33F;

void say(const UnitShares& shares, Reading reading, ReadingSink& out) {
  const auto put = [&](Quantity quantity, double value) {
    if (std::isnan(value)) return;
    reading.quantity = quantity;
    reading.value = value;
    out.put(reading);
  };
  put(Quantity::effective_rank, shares.effective_rank);
  put(Quantity::dead_units, shares.dead);
  put(Quantity::dormant_units, shares.dormant);
  put(Quantity::saturated_units, shares.saturated);
  put(Quantity::cloned_units, shares.cloned);
}

}  // namespace

void Units::after_backward(const Step& step, ReadingSink& out) {
  if (!step.through || !step.scope_of || !step.finite) return;
  const c10::NoGradGuard no_graph;
  Hearing heard;
  step.through(heard, [&](const at::Tensor&) { census_.add(heard.layers); });
  cost_ += kForward;
  if (census_.rows() < options_.rows || census_.batches() < options_.batches) return;
  const auto all = census_.take();
  const float each = cost_ / static_cast<float>(5 * std::max<std::size_t>(all.size(), 1));
  for (const UnitShares& shares : all) {
    say(shares, {.step = step.index, .cost = each, .scope = step.scope_of(shares.layer)}, out);
  }
  cost_ = 0.0F;
}

}  // namespace thalweg
