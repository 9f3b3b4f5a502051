// A batch too small for what is left to learn: the run stands still, though the whole data still pull it downhill; a
// batch's gradient is nearly all noise.
//
// Found where the run stands still far from what it could reach (standing.h), the point was looked at, and
//     descent_gain − its bar ≥ gain · floor      straight down the gradient of many rows the loss falls, in the mean of
//                                                      the looks since the run stands,
//     gradient_variance / gradient_signal ≥ noise      E‖g − G‖² over ‖G‖² of the step's own gradient, median of the
//                                                      last looks: noise_scale is so many times the batch.
// A small gradient alone is no fault: every run that is nearly done has a noisy one (McCandlish et al. 2018).
#pragma once

#include "thalweg/diagnose/standing.h"

namespace thalweg {

struct BatchTooSmallOptions {
  StandingOptions standing;
  double gain = 0.02;  // of the floor, as for local_minimum
  double noise = 10.0;
  std::size_t looks = 8;
};

Judgement judge_batch_too_small(const History& history, const BatchTooSmallOptions& options = {});

}  // namespace thalweg
