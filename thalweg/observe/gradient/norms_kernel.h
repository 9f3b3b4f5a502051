// Sums of squares over runs of contiguous float32 entries, in one pass over memory.
//
// Blocks are summed in float, one partial sum a lane, and the blocks' sums in double: good to a millionth of the sum of
// the terms' sizes at any magnitude. A block whose squares would vanish or overflow in float is summed again in double.
#pragma once

#include <cstdint>

namespace thalweg {

double squared_norm_run(const float* values, std::int64_t count);

// A parameter's weights after and before a step; `gradient` may be null. Nothing overlaps.
struct MovedRun {
  const float* now = nullptr;
  const float* before = nullptr;
  const float* gradient = nullptr;
  std::int64_t count = 0;
};

// With u = now − before, as float32 has it.
struct MovedSums {
  double now_sq = 0.0;
  double moved_sq = 0.0;        // u'u
  double gradient_sq = 0.0;     // g'g
  double gradient_moved = 0.0;  // g'u
};

MovedSums moved_run(const MovedRun& run);

}  // namespace thalweg
