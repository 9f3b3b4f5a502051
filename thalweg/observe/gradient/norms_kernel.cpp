#include "thalweg/observe/gradient/norms_kernel.h"

#include <algorithm>

namespace thalweg {
namespace {

constexpr std::int64_t kBlock = 512;

// Below, too many terms may have vanished; above, the sum is near overflow. NaN is neither, and goes to the sum in
// double, which is NaN as well.
bool in_range(float sum) { return sum > 1e-28F && sum < 1e37F; }

float block_in_float(const float* __restrict values, std::int64_t count) {
  float sum = 0.0F;
  for (std::int64_t i = 0; i < count; ++i) {
#ifdef __clang__
#pragma clang fp reassociate(on)
#endif
    sum += values[i] * values[i];
  }
  return sum;
}

double block_in_double(const float* __restrict values, std::int64_t count) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = values[i];
    sum += x * x;
  }
  return sum;
}

// Gradient: whether there is one.
template <bool Gradient, class Real>
MovedSums moved_block(const MovedRun& run) {
  const float* __restrict now = run.now;
  const float* __restrict before = run.before;
  const float* __restrict gradient = run.gradient;
  Real ww = 0, uu = 0, gg = 0, gu = 0;
  for (std::int64_t i = 0; i < run.count; ++i) {
    const Real w = now[i], u = static_cast<Real>(now[i] - before[i]), g = Gradient ? gradient[i] : 0.0F;
    {
#ifdef __clang__
#pragma clang fp reassociate(on)
#endif
      ww += w * w;
      uu += u * u;
      gg += g * g;
      gu += g * u;
    }
  }
  return {.now_sq = ww, .moved_sq = uu, .gradient_sq = gg, .gradient_moved = gu};
}

template <bool Gradient>
MovedSums moved_blocks(const MovedRun& run) {
  MovedSums sums;
  for (std::int64_t start = 0; start < run.count; start += kBlock) {
    const MovedRun block{.now = run.now + start,
                         .before = run.before + start,
                         .gradient = Gradient ? run.gradient + start : nullptr,
                         .count = std::min(kBlock, run.count - start)};
    MovedSums s = moved_block<Gradient, float>(block);
    const auto usable = [](double sum) { return in_range(static_cast<float>(sum)); };
    if (!usable(s.now_sq) || !usable(s.moved_sq) || (Gradient && !usable(s.gradient_sq))) {
      s = moved_block<Gradient, double>(block);
    }
    sums.now_sq += s.now_sq;
    sums.moved_sq += s.moved_sq;
    sums.gradient_sq += s.gradient_sq;
    sums.gradient_moved += s.gradient_moved;
  }
  return sums;
}

}  // namespace

double squared_norm_run(const float* values, std::int64_t count) {
  double sum = 0.0;
  for (std::int64_t start = 0; start < count; start += kBlock) {
    const std::int64_t size = std::min(kBlock, count - start);
    const float block = block_in_float(values + start, size);
    sum += in_range(block) ? block : block_in_double(values + start, size);
  }
  return sum;
}

MovedSums moved_run(const MovedRun& run) { return run.gradient ? moved_blocks<true>(run) : moved_blocks<false>(run); }

}  // namespace thalweg
