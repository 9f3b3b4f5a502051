// One optimizer step over a run of contiguous float32 entries, measured in the same pass over memory: weight, gradient
// and state are read once, weight and state written once, and the sums of StepSums come out on the way.
//
// With ḡ = clip·g + decay·w the rules are (k: keep, t: take of first and second moment)
//     sgd                u = −rate·ḡ
//     momentum           m ← k₁m + ḡ;  u = −rate·m, nesterov: u = −rate (ḡ + k₁m)
//     adam, nadam        m ← m + t₁(ḡ − m);  v ← k₂v + t₂ḡ²;  w ← shrink·w − (rate·m + direct·ḡ) / (√v·root_scale +
//     eps) rmsprop            v ← k₂v + t₂ḡ²;  u = −rate·ḡ / (√v + eps) rmsprop_momentum   m ← k₁m + ḡ / (√v + eps);  u
//     = −rate·m
// in torch.optim's order of operations, up to the rounding of fused multiply-adds.
#pragma once

#include <cstdint>

#include "thalweg/optim/step_sums.h"

namespace thalweg {

enum class StepRule { sgd, momentum, adam, rmsprop, rmsprop_momentum };

// The numbers of one step of one parameter; rule.h gives their formulas. A rule reads only those that its line above
// names.
struct StepCoefficients {
  double clip = 1.0;    // factor on the gradient
  double decay = 0.0;   // weight decay that is added to the gradient
  double shrink = 1.0;  // decoupled weight decay: 1 − lr·wd
  double rate = 0.0;
  double direct = 0.0;  // nadam: the rate of the gradient itself
  double keep1 = 0.0;
  double take1 = 1.0;
  double keep2 = 0.0;
  double take2 = 1.0;
  double root_scale = 1.0;
  double eps = 0.0;
  bool nesterov = false;
};

// Entries of one parameter. `first` and `second` are the moments m and v, null where the rule has none. Nothing
// overlaps.
struct StepRun {
  float* weight = nullptr;
  const float* gradient = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  std::int64_t count = 0;
};

// Work is shared out among threads in runs of this length.
inline constexpr std::int64_t kStepChunk = 8192;

StepSums step_run(StepRule rule, const StepCoefficients& coefficients, const StepRun& run);

double sum_of_squares(const float* values, std::int64_t count);

}  // namespace thalweg
