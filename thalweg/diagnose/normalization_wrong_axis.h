// A batch norm that runs over a wrong axis: the features behind it keep their unequal scales.
//
// A norm that keeps the statistics of each feature leaves every feature with one standard deviation, whatever came in:
// feature_spread is 1, up to eps and rounding. Found where its median over the last looks is
//     feature_spread ≥ spread.
// A warning where the run learns all the same; a fault where after `steps` steps the loss is still above
// slow · floor, the lower of the first loss and the best constant's.
#pragma once

#include "thalweg/diagnose/normalization_level.h"

namespace thalweg {

struct NormalizationWrongAxisOptions {
  LevelOptions level;
  double spread = 1.25;
  std::int64_t steps = 200;
  double slow = 0.5;
};

Judgement judge_normalization_wrong_axis(const History& history, const NormalizationWrongAxisOptions& options = {});

}  // namespace thalweg
