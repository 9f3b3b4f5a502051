// Lengths of weights and update, for loops whose optimizer does not say them: w'w after the step and u'u of the whole
// model and of each parameter, in one pass over old and new weights (norms.h). Their ratio √(u'u / w'w) is near 10⁻³ in
// many healthy runs.
//
// Cost: a copy of the weights before the step, and one pass over old and new ones: about a tenth of a gradient unit.
#pragma once

#include "thalweg/observe/instrument.h"

namespace thalweg {

class UpdateNorms final : public Instrument {
 public:
  static constexpr std::string_view kName = "update_norms";
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.update = true, .gradient_units = 0.1, .share = 0.1}; }
  void after_update(const Step& step, ReadingSink& out) override;
};

}  // namespace thalweg
