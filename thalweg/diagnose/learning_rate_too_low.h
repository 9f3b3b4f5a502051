// Steps that use a hundredth of the descent on offer, or less, in a run that has not got far.
//
// Along a step the quadratic model has its minimum at u/(2ρ) (rate.h), so that ρ = 0.01 means: fifty times too short.
// Fault where, at the peak of the schedule (warm-up and decay are left out), the median overshoot is below it with 95%
// confidence (by order statistics, which assume nothing of the distribution), the weights move by less than a fifth of
// the customary thousandth of their length a step, and the loss is still in the upper half of its range and was never
// thrown up. Finished runs, noise floors and healthy decays meet one of these, not all.
#pragma once

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct LearningRateTooLowOptions {
  LossLevelOptions level;
  double overshoot = 0.01;  // too low: upper end of the median's interval < overshoot
  double movement = 2e-4;   // too low: median |u|/|w| < movement
  double far = 0.5;         // got far: recent loss < far · floor
  double peak = 0.5;        // steps at the peak: rate ≥ peak · its highest
  int steps = 200;          // steps at the peak that a verdict needs
  int readings = 8;         // overshoots that a verdict needs
  double largest_raise = 100.0;
};

Judgement judge_learning_rate_too_low(const History& history, const LearningRateTooLowOptions& options = {});

}  // namespace thalweg
