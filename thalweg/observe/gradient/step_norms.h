// For each parameter and the whole model
//     g'g,  w'w (after the step),  u'u,  and g'u for the whole model.
// Where the optimizer measures in its own pass over memory (optim/step_kernel.h) they are there on each step, and only
// writing them down costs. Elsewhere g'g takes a pass over the gradient, and w'w and u'u are update_norms'.
#pragma once

#include "thalweg/observe/instrument.h"

namespace thalweg {

class StepNorms final : public Instrument {
 public:
  static constexpr std::string_view kName = "step_norms";
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.sums = true, .gradient_units = 0.02, .share = 0.15}; }
  void after_update(const Step& step, ReadingSink& out) override;
};

// Parameters' sums added up to the whole model's.
StepSums total(std::span<const StepSums> sums);

}  // namespace thalweg
