// What every step says for nothing: loss, objective, learning rate, and for each parameter and the whole model
//     g'g,  w'w (after the step),  u'u,  and g'u for the whole model.
// The sums are by-products of the optimizer's own pass over memory (optim/step_kernel.h), so that only writing them
// down costs.
#pragma once

#include "thalweg/observe/instrument.h"

namespace thalweg {

class StepNorms final : public Instrument {
 public:
  static constexpr std::string_view kName = "step_norms";
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.every_step = true}; }
  void after_update(const Step& step, ReadingSink& out) override;
};

// Parameters' sums added up to the whole model's.
StepSums total(std::span<const StepSums> sums);

}  // namespace thalweg
