#include "thalweg/observe/gradient/moment_ratio_kernel.h"

#include <algorithm>

namespace thalweg {
namespace {

constexpr std::int64_t kBlock = 512;

bool in_range(double sum) { return sum > 1e-28 && sum < 1e37; }

template <class Real>
MomentSums block_sums(const MomentRun& run) {
  const float* __restrict gradient = run.gradient;
  const float* __restrict moment = run.moment;
  Real ratios = 0, entries = 0, squares = 0, moments = 0;
  for (std::int64_t i = 0; i < run.count; ++i) {
    const Real g = gradient[i], v = moment[i];
    const Real square = g * g, known = v > 0 ? Real(1) : Real(0);
    const Real ratio = v > 0 ? square / v : Real(0);
    {
#ifdef __clang__
#pragma clang fp reassociate(on)
#endif
      ratios += ratio;
      entries += known;
      squares += square;
      moments += v;
    }
  }
  return {.ratios = ratios, .entries = entries, .gradient_sq = squares, .moments = moments};
}

}  // namespace

MomentSums moment_run(const MomentRun& run) {
  MomentSums sums;
  for (std::int64_t start = 0; start < run.count; start += kBlock) {
    const MomentRun block{
        .gradient = run.gradient + start, .moment = run.moment + start, .count = std::min(kBlock, run.count - start)};
    MomentSums s = block_sums<float>(block);
    if (!in_range(s.gradient_sq) || !in_range(s.moments)) s = block_sums<double>(block);
    sums.ratios += s.ratios;
    sums.entries += s.entries;
    sums.gradient_sq += s.gradient_sq;
    sums.moments += s.moments;
  }
  return sums;
}

}  // namespace thalweg
