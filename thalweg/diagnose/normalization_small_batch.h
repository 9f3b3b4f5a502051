// A batch too small for its norm: what the network divides by is the luck of the batch.
//
// Found where in some batch norm the median over the last looks is
//     statistics_noise ≥ noise
// and the batch's luck is not what it is evaluated with: evaluation pays (evaluation_harm) at the last two evaluations:
// a fault; at one or none: a warning. n independent Gaussian values a channel have a noise of √(2/(n − 1)).
#pragma once

#include "thalweg/diagnose/normalization_level.h"

namespace thalweg {

struct NormalizationSmallBatchOptions {
  LevelOptions level;
  EvaluationHarmOptions harm;
  double noise = 0.7;  // of five values
};

Judgement judge_normalization_small_batch(const History& history, const NormalizationSmallBatchOptions& options = {});

}  // namespace thalweg
