// When training stops: the first criterion that is met, and its name. Training stops at a criterion, not at a minimum.
//
// E(t): held-out loss at evaluation t; Ē(t): training loss since the evaluation before; E_opt: the smallest E so far.
//   generalization_loss  100 (E/E_opt − 1) > α                                            (Prechelt 1998, GL)
//   progress_quotient    GL / P_k > α,  P_k = 1000 (mean of Ē over the strip / min of Ē over it − 1), at the end of
//   each strip  (PQ) up_strips            E rose over `strips` strips one after the other, looked at at the end of each
//   (UP) evidence             the mean gradient is no larger than its own sampling noise        (Mahsereci et al. 2017)
// Where nothing is held out, E is the loss over the training part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/recipe/recipe.h"
#include "thalweg/record/run.h"

namespace thalweg {

class StopRules {
 public:
  struct State {
    std::vector<double> heldout;   // E, one an evaluation
    std::vector<double> training;  // Ē
    double best_metric = 0.0;      // meaningful once best_step ≥ 0
    std::int64_t best_step = -1;   // where the first metric was best
    std::int64_t bad = 0;          // evaluations since then
    std::string met;               // a criterion that an evaluation met, or ""
  };

  // planned_steps: where `epochs` or `steps` ends the run, and which of the two it is.
  StopRules(const recipe::Stop& options, bool larger_is_better, std::int64_t steps_per_epoch);

  std::int64_t planned_steps() const { return planned_; }  // 0: no planned end
  // `metric`: the first one's held-out value; `evidence`: of SampledGradient, for the rule that asks for it.
  // Returns whether this evaluation is the best so far.
  bool evaluated(const Evaluation& evaluation, double metric, std::optional<double> evidence);
  // The name of the criterion that is met after `step` steps and `seconds`, or "".
  std::string met(std::int64_t step, double seconds) const;

  const State& state() const { return state_; }
  void load(State state);

 private:
  bool rule_met(std::optional<double> evidence) const;
  double generalization_loss() const;

  recipe::Stop options_;
  bool larger_is_better_;
  std::int64_t planned_;
  std::string planned_by_;
  State state_;
};

}  // namespace thalweg
