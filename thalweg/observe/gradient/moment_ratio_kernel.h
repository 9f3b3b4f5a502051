// Gradient against second moment over a run of contiguous float32 entries, in one pass over memory.
#pragma once

#include <cstdint>

namespace thalweg {

struct MomentRun {
  const float* gradient = nullptr;
  const float* moment = nullptr;  // v̂
  std::int64_t count = 0;
};

// Blocks are summed in float and the blocks' sums in double; a block that is out of float's range again in double.
struct MomentSums {
  double ratios = 0.0;       // Σ g²/v̂ over entries with v̂ > 0
  double entries = 0.0;      // how many those are
  double gradient_sq = 0.0;  // Σ g²
  double moments = 0.0;      // Σ v̂
};

MomentSums moment_run(const MomentRun& run);

}  // namespace thalweg
