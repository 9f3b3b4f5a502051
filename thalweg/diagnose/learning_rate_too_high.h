// Steps so long that they throw the loss up. Fault where
//   the loss diverged: a thousand times its ceiling, or not finite after growth; or
//   it was thrown up, or lost all that it had learnt, and stayed up, block after block (at most 1% false alarms over a
//   whole run, by
//     SignEvidence, where a healthy run's next block is bad with a chance of at most one half); or
//   it was thrown up and at the end of the run has come down to no less than half its floor.
// Warning where it was thrown up once and is not yet down, or came down again. The overshoot ρ = ½u'Hu/(−g'u) decides
// nothing here (healthy runs live near 1, Cohen et al. 2021; a network thrown into dead units has a small one); it sets
// the remedy, lr/(2ρ), the minimum along the step of the quadratic model. Levels: loss_level.h.
#pragma once

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct LearningRateTooHighOptions {
  LossLevelOptions level;
  double came_down = 0.5;  // at the end: recent ≥ came_down · floor after a throw is a fault
  double end = 0.9;        // the end: step ≥ end · planned steps
  int settle = 128;        // steps since the throw that a judgement at the end needs
  int enough = 48;         // losses that 'healthy' needs
};

Judgement judge_learning_rate_too_high(const History& history, const LearningRateTooHighOptions& options = {});

}  // namespace thalweg
