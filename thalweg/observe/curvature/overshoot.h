// How far a step u overshoots along its own direction, from two forwards:
//     c₁ = 2 (L(θ+u) − L(θ) − g'u),   c_½ = 8 (L(θ+u/2) − L(θ) − ½ g'u),
//     u'Hu ≈ 2 c_½ − c₁,      ρ = ½ u'Hu / (−g'u),
// exact where L is cubic along u (extrapolation: Richardson 1911): overshoot_forward, ρ at θ. And the plain secant,
// ½ c₁ / (−g'u) = 1 + (L(θ+u) − L(θ)) / (−g'u): overshoot_secant, what the step really met, which the checks judge by;
// its error bar is rounding alone. ρ < 1: the step descends to second order; ρ = 1: it
// gains nothing; for u = −εg this is ½ε g'Hg / g'g (Goodfellow, Bengio, Courville 2016, section 8.2.1). The losses are
// taken on the same batch with the same random state. Cost: two forwards, about 0.7 gradient units.
//
// The loss half way tells bouncing from being stuck (Xing, Arpit, Tsirigotis, Bengio 2018): lower than at both ends,
// the step jumped across a valley.
//
// The error bar of overshoot_forward: c_½ and c₁ differ by what the higher orders make of them; the difference of this
// look, or what it typically was in the last ones where that is more (it may be small by chance), times six; and the
// rounding of the three losses and of g'u, carried through. Six because of kinks: a ReLU that switches during the step
// bends the loss where H, the curvature at θ, knows nothing of it, and the difference shows only a part of that. On
// smooth networks the bar is far too wide, and still narrow. In very wide ReLU networks, where hundreds of units switch
// in one step, the kinks even out, c_½ and c₁ agree, and ρ is that of the bent loss, which the step really meets. Where
// |u'Hu| is below its bar, the value says nothing.
#pragma once

#include <deque>

#include "thalweg/observe/instrument.h"

namespace thalweg {

class Overshoot final : public Instrument {
 public:
  struct Options {
    double resolution = 4.0;  // a loss is taken to be wrong by so many times its rounding, Step::objective_error
    double kinks = 6.0;       // the six above
    std::size_t looks = 8;    // "the last ones"
  };
  static constexpr std::string_view kName = "overshoot";
  Overshoot() : Overshoot(Options{}) {}
  explicit Overshoot(Options options) : options_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.gradient = true, .update = true, .second_forward = true, .gradient_units = 0.8, .share = 0.2};
  }
  void after_update(const Step& step, ReadingSink& out) override;

 private:
  double spread(double half, double whole);

  Options options_;
  std::deque<double> spreads_;  // (|c_½ − c₁| / max(|c_½|, |c₁|))² of the last looks
};

}  // namespace thalweg
