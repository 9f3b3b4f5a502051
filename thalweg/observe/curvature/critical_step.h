// How long the step could have been before it stopped paying, by forwards alone: the multiple t_c > 0 of the update u
// with
//     L(θ + t_c u) = L(θ),
// the critical learning rate of Kalra, Barkeshli 2024 over the one in force, along the optimizer's own update. 1/ρ
// where L is quadratic along u.
//
// A doubling or halving search brackets it, and the mean slope f(t) = (L(θ + t u) − L(θ)) / t, which is a straight line
// on a quadratic, says where to look within the bracket. A difference below the rounding of L decides nothing. The
// value is where f crosses zero between the ends of the bracket, and its error bar reaches to them. Nothing is said
// where the loss rises from the start, or still falls at 64 steps. A hump that lies between two lengths that were tried
// is not seen.
//
// Cost: two to eight forwards, about 0.35 gradient units each.
#pragma once

#include "thalweg/observe/instrument.h"

namespace thalweg {

class CriticalStep final : public Instrument {
 public:
  struct Options {
    int forwards = 8;         // at most
    double narrow = 0.02;     // half-width at which the bracket is good enough, relative
    double furthest = 64.0;   // steps
    double resolution = 4.0;  // a loss is taken to be wrong by so many times its rounding
  };
  static constexpr std::string_view kName = "critical_step";
  CriticalStep() : CriticalStep(Options{}) {}
  explicit CriticalStep(Options options) : options_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.update = true, .second_forward = true, .gradient_units = 2.5, .share = 0.05};
  }
  void after_update(const Step& step, ReadingSink& out) override;

 private:
  Options options_;
};

}  // namespace thalweg
