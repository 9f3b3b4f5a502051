// A batch too small for its norm: what the network divides by is the luck of the batch.
//
// Found where in some batch norm the median over the last looks is
//     statistics_noise ≥ noise
// A fault where that costs: at the last two evaluations the loss of the same rows is higher in evaluation, without the
// luck of the batch (evaluation_harm); or higher in training, with it, while after `steps` steps the run is still above
// slow · floor. Else a warning. n independent Gaussian values a channel have a noise of √(2/(n − 1)).
#pragma once

#include "thalweg/diagnose/normalization_level.h"

namespace thalweg {

struct NormalizationSmallBatchOptions {
  LevelOptions level;
  EvaluationHarmOptions harm;
  double noise = 0.7;  // of five values
  std::int64_t steps = 200;
  double slow = 0.5;
};

Judgement judge_normalization_small_batch(const History& history, const NormalizationSmallBatchOptions& options = {});

}  // namespace thalweg
