// Recurrent layers through which the gradient does not pass: what lies further back than it reaches is not learnt, or
// each step is thrown by what a long way back has made of it (Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio
// 2013). Both need a harm: many tasks need no long memory, and a network that learns one is healthy however short its
// horizon.
//
//     vanishing   a layer's gradient at the beginning of the sequence, over that at its end (backward_gain): median ≤
//                 vanished over the readings of the run's last half, with the fall to a hundredth within the sequence
//                 (memory_horizon); and the run stands still (standing.h) with nothing learnt: loss ≥ stuck · floor
//                 (loss_level.h). Where that half has no reading, those before it count. Where something was learnt it
//                 is a note.
//     exploding   the same gain ≥ exploded, and growing along the whole way (gradient_time_decay above 0 beyond its
//                 bar), in the readings before the loss was thrown up; or in most of all readings, where the run stands
//                 still at what a constant prediction has.
// Without harm: healthy. Of runs without a recurrent layer nothing is said.
#pragma once

#include "thalweg/diagnose/standing.h"

namespace thalweg {

struct GradientInTimeOptions {
  StandingOptions standing;
  // A steady fade to this has its horizon, a hundredth, before the middle of the sequence.
  double vanished = 1e-4;
  double exploded = 1e2;
};

Judgement judge_vanishing_gradient_in_time(const History& history, const GradientInTimeOptions& options = {});
Judgement judge_exploding_gradient_in_time(const History& history, const GradientInTimeOptions& options = {});

}  // namespace thalweg
