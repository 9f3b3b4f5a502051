// The textbook's pair, g'g and g'Hg (Goodfellow, Bengio, Courville 2016, section 8.2.1), and the exact overshoot of the
// update that the optimizer has made:
//     L(θ+u) − L(θ) ≈ g'u + ½ u'Hu,      ρ = ½ u'Hu / (−g'u).
// H by double backward on the graph of the step's last backward, in training mode, at the weights before the step;
// where several backwards make a step, H is that one's, and g the whole step's. Cost: one backward with graph and one
// product where u ∥ g (plain SGD), two otherwise: 3 to 5 gradient units. The error bars are float32's rounding of the
// sums: √p · ε_machine · Σ|terms| is not affordable, so they carry ε_machine · ‖v‖‖Hv‖, the rounding of one dot product
// of vectors of these norms.
//
// Batch sharpness is mean(g'Hg) / mean(g'g) over the last looks (Andreyev, Beneventano 2024), with a jackknife
// interval. It is of steps of one backward only: elsewhere g and H are not of the same rows.
#pragma once

#include "thalweg/observe/instrument.h"
#include "thalweg/observe/ratio_of_means.h"

namespace thalweg {

class IllConditioning final : public Instrument {
 public:
  static constexpr std::string_view kName = "ill_conditioning";
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.graph = true, .gradient = true, .update = true, .gradient_units = 5.0, .share = 0.25};
  }
  void before_backward(const Step& step) override;
  void after_update(const Step& step, ReadingSink& out) override;

 private:
  RatioOfMeans sharpness_;
};

}  // namespace thalweg
