// The only code that changes training. It asks the checks now and then; where they find that the step overshoots, it
// tries a smaller step on the very next batches, and, in autopilot, lowers the learning rate when that is proven
// better.
//
// The trial is paired: on each of 12 to 48 steps, with the update u that the optimizer has just made, on the same batch
// and random state,
//     d = L(θ+u) − L(θ+s·u),      s = 1/(2ρ), the minimum along u of the quadratic model (Goodfellow, Bengio, Courville
//     2016, 8.2.1).
// Proven: the interval of the mean of d lies above zero (95% over all looks at it). Then ε ← s·ε (steps 0.1 to 0.5 at a
// time).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "thalweg/diagnose/history.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/record/run.h"

namespace thalweg {

class Control final : public ReadingSink {
 public:
  Control(recipe::ActMode mode, const RunHeader& header, double rate_scale);

  double rate_scale() const { return rate_scale_; }
  void put(const Reading& reading) override;  // everything read, as it is read

  // After each step: looks, every kJudgeEvery steps, and opens a trial where a step overshoots.
  void look(std::int64_t next_step);
  // s, while a trial is under way: the loop then measures d on this step.
  std::optional<double> trial_scale() const;
  // The d of one step. Returns the action to record, once there is proof.
  std::optional<Action> tried(std::int64_t step, double difference, double learning_rate);
  // An action whose effect has become known (or cannot any more, at the end of the run).
  std::optional<Action> effect(bool at_end = false);

 private:
  recipe::ActMode mode_;
  History recent_;  // since the last action
  double rate_scale_;
  double trial_scale_ = 0.0;  // 0: no trial under way
  std::string trial_code_;
  std::vector<double> differences_;
  std::int64_t quiet_until_ = 0;   // no look before this step
  int unproven_ = 0;               // trials in a row that proved nothing
  std::optional<Action> pending_;  // applied, its effect not yet known
};

}  // namespace thalweg
