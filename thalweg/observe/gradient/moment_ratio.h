// Whether the second moment of an adaptive optimizer is up to date, from the gradient g that it has just used and its v̂
// after that step, for the whole model and each parameter:
//     surprise  √(mean g²/v̂): above 1, v̂ lags behind growing gradients and steps are too long; beyond 2.3 or so a jump
//               of the loss often follows (Wortsman, Dettmers, Zettlemoyer et al. 2023: RMS_t)
//     staleness √(Σ v̂ / Σ g²): above 1, v̂ remembers gradients that are gone, as after a spike, and steps are too short.
// Entries with v̂ = 0 have had no gradient yet, and are left out of the mean. g is .grad as the optimizer has left it:
// after clipping by the loop itself; where the optimizer clips, the surprise is larger by that factor. Silent for
// optimizers without second moments.
//
// Cost: one pass over gradient and moments; where those are float32 on the CPU without a call of ATen for each layer.
#pragma once

#include "thalweg/observe/instrument.h"

namespace thalweg {

class MomentRatio final : public Instrument {
 public:
  static constexpr std::string_view kName = "moment_ratio";
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.gradient_units = 0.15, .share = 0.05}; }
  void after_update(const Step& step, ReadingSink& out) override;
};

}  // namespace thalweg
