// How far a step u overshoots along its own direction, from forwards alone:
//     u'Hu ≈ 2 (L(θ+u) − L(θ) − g'u),      ρ = ½ u'Hu / (−g'u).
// ρ < 1: the step descends to second order; ρ = 1: it gains nothing; for u = −εg this is ½ε g'Hg / g'g (Goodfellow,
// Bengio, Courville 2016, section 8.2.1). L(θ+u) is taken on the same batch with the same random state. Cost: one
// forward, about 0.35 gradient units.
//
// The secant carries the third and higher orders of L along u; its rounding error is
//     error(u'Hu) = resolution · ε_machine · (max(|L(θ)|, |L(θ+u)|) + max|output| / √rows),
// since each row's loss is a difference of outputs rounded to float32, and rows round independently. Where |u'Hu| is
// below it, the value says nothing, and its error bar says that.
#pragma once

#include "thalweg/observe/instrument.h"

namespace thalweg {

class Overshoot final : public Instrument {
 public:
  struct Options {
    double resolution = 4.0;  // in the formula above
  };
  static constexpr std::string_view kName = "overshoot";
  Overshoot() : Overshoot(Options{}) {}
  explicit Overshoot(Options options) : options_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.second_forward = true, .gradient_units = 0.4, .share = 0.35}; }
  void after_update(const Step& step, ReadingSink& out) override;

 private:
  Options options_;
};

}  // namespace thalweg
