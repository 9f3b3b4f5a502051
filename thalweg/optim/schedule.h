// Learning-rate schedules, in closed form: the rate at step t without history, except plateau, which counts
// evaluations.
//
// Every schedule is a share of the peak rate as a function of t, the optimizer steps since the start, warm-up included,
// or of the progress p = min(t / planned, 1); f is `final`:
//     constant                1
//     step, multistep         factor^(t div every), factor^(number of milestones reached)                            at
//     least f exponential             exp(−rate·t) inverse_time            1 / (1 + rate·t)
//     inverse_sqrt            √(w / max(t, w)), w = max(warmup, 1)              (Vaswani et al. 2017)                at
//     least f plateau                 factor^(number of reductions) linear, polynomial      f + (1 − f)(1 −
//     p)^power; power is 1 for linear cosine                  f + (1 − f)(1 + cos πp)/2 (Loshchilov, Hutter 2017)
//     cosine_restarts         the same within cycles of period·growth^k steps
//     one_cycle               by cosine from 1/25 to 1 at p = peak, and down to f   (Smith, Topin 2018)
//     warmup_stable_decay     1, and linearly to f over the last `decay` of the run
// Warm-up holds the share down to the line (t + 1) / warmup: step 0 has 1/warmup, and from step `warmup` on the
// schedule has its full rate. The shapes in p need a planned end; beyond it they stay where they are.
#pragma once

#include <cstdint>
#include <limits>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

class Schedule {
 public:
  // planned_steps: optimizer steps of the whole run, warm-up included; 0 when the run has no planned end (then
  // schedules that need one are a UsageError, as are values without meaning).
  Schedule(const recipe::Schedule& options, double peak, std::int64_t planned_steps);

  double at(std::int64_t step) const;  // the rate of optimizer step `step`, the first being 0
  // plateau only: the result of an evaluation, smaller is better. It counts as an improvement when it is below the best
  // by threshold·|best|; after more than `patience` evaluations in a row without one the rate is multiplied by factor.
  void evaluated(double value);

  struct State {  // plateau
    double best = std::numeric_limits<double>::infinity();
    std::int64_t bad = 0;
    double scale = 1.0;
  };
  const State& state() const { return state_; }
  void load(const State& state) { state_ = state; }

 private:
  double share(std::int64_t step) const;  // of the peak, without warm-up

  recipe::Schedule options_;
  double peak_;
  std::int64_t planned_;
  std::int64_t warmup_;
  State state_;
};

}  // namespace thalweg
