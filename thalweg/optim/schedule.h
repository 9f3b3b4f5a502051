// Learning-rate schedules, in closed form: the rate at step t without history, except plateau, which counts evaluations.
#pragma once

#include <cstdint>
#include <limits>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

class Schedule {
 public:
  // planned_steps: optimizer steps of the whole run, warm-up included; 0 when the run has no planned end (then schedules that need
  // one are a UsageError).
  Schedule(const recipe::Schedule& options, double peak, std::int64_t planned_steps);

  double at(std::int64_t step) const;        // the rate of optimizer step `step`, the first being 0
  // plateau only: the result of an evaluation, smaller is better.
  void evaluated(double value);

  struct State {                             // plateau
    double best = std::numeric_limits<double>::infinity();
    std::int64_t bad = 0;
    double scale = 1.0;
  };
  const State& state() const { return state_; }
  void load(const State& state) { state_ = state; }

 private:
  recipe::Schedule options_;
  double peak_;
  std::int64_t planned_;
  std::int64_t warmup_;
  State state_;
};

}  // namespace thalweg
