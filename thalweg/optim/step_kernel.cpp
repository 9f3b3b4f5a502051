#include "thalweg/optim/step_kernel.h"

#include <algorithm>
#include <cmath>

namespace thalweg {
namespace {

// The coefficients as the loops use them.
struct Floats {
  explicit Floats(const StepCoefficients& c)
      : clip(static_cast<float>(c.clip)),
        decay(static_cast<float>(c.decay)),
        shrink(static_cast<float>(c.shrink)),
        rate(static_cast<float>(c.rate)),
        direct(static_cast<float>(c.direct)),
        keep1(static_cast<float>(c.keep1)),
        take1(static_cast<float>(c.take1)),
        keep2(static_cast<float>(c.keep2)),
        take2(static_cast<float>(c.take2)),
        root_scale(static_cast<float>(c.root_scale)),
        eps(static_cast<float>(c.eps)),
        nesterov(c.nesterov) {}
  float clip, decay, shrink, rate, direct, keep1, take1, keep2, take2, root_scale, eps;
  bool nesterov;
};

// Each rule gives the new weight from the old one, ḡ and its moments m and v, which it updates.
struct Sgd {
  static constexpr bool kFirst = false, kSecond = false;
  static float apply(const Floats& c, float w, float g, float&, float&) { return w - c.rate * g; }
};
struct Momentum {
  static constexpr bool kFirst = true, kSecond = false;
  static float apply(const Floats& c, float w, float g, float& m, float&) {
    m = c.keep1 * m + g;
    return w - c.rate * (c.nesterov ? g + c.keep1 * m : m);
  }
};
struct Adam {
  static constexpr bool kFirst = true, kSecond = true;
  static float apply(const Floats& c, float w, float g, float& m, float& v) {
    m = m + c.take1 * (g - m);
    v = c.keep2 * v + c.take2 * g * g;
    return c.shrink * w - (c.rate * m + c.direct * g) / (std::sqrt(v) * c.root_scale + c.eps);
  }
};
struct Rmsprop {
  static constexpr bool kFirst = false, kSecond = true;
  static float apply(const Floats& c, float w, float g, float&, float& v) {
    v = c.keep2 * v + c.take2 * g * g;
    return w - c.rate * g / (std::sqrt(v) + c.eps);
  }
};
struct RmspropMomentum {
  static constexpr bool kFirst = true, kSecond = true;
  static float apply(const Floats& c, float w, float g, float& m, float& v) {
    v = c.keep2 * v + c.take2 * g * g;
    m = c.keep1 * m + g / (std::sqrt(v) + c.eps);
    return w - c.rate * m;
  }
};

// A block's sums are taken in float, one partial sum a lane, and the blocks' in double: digits beyond 1e-7 say nothing
// here, and conversions would cost more than the step itself. A float's square is useless above 1e19 and below 1e-19,
// and a sick run goes there: then the block is summed again in double.
constexpr std::int64_t kBlock = 512;

struct BlockSums {
  float gg = 0.0f, ww = 0.0f, uu = 0.0f, gu = 0.0f;
};

bool in_range(float square) { return square > 1e-28f && square < 1e37f; }

StepSums sums_in_double(const float* gradient, const float* weight, const float* update, std::int64_t count) {
  StepSums sums;
  for (std::int64_t i = 0; i < count; ++i) {
    const double g = gradient[i], w = weight[i], u = update[i];
    sums += {.gradient_sq = g * g, .weight_sq = w * w, .update_sq = u * u, .gradient_update = g * u};
  }
  return sums;
}

// Steps at most kBlock entries; the updates are kept in `updates`. clang is allowed to reorder the sums, no more; their
// order is fixed when the program is built.
template <class Rule>
BlockSums step_block(const Floats& c, const StepRun& run, float* __restrict updates) {
  float* __restrict weight = run.weight;
  const float* __restrict gradient = run.gradient;
  float* __restrict first = run.first;
  float* __restrict second = run.second;
  float gg = 0.0f, ww = 0.0f, uu = 0.0f, gu = 0.0f;
  for (std::int64_t i = 0; i < run.count; ++i) {
    const float w = weight[i], g = gradient[i];
    float m = Rule::kFirst ? first[i] : 0.0f;
    float v = Rule::kSecond ? second[i] : 0.0f;
    const float stepped = Rule::apply(c, w, c.clip * g + c.decay * w, m, v);
    const float update = stepped - w;
    weight[i] = stepped;
    updates[i] = update;
    if constexpr (Rule::kFirst) first[i] = m;
    if constexpr (Rule::kSecond) second[i] = v;
    {
#ifdef __clang__
#pragma clang fp reassociate(on)
#endif
      gg += g * g;
      ww += stepped * stepped;
      uu += update * update;
      gu += g * update;
    }
  }
  return {.gg = gg, .ww = ww, .uu = uu, .gu = gu};
}

float* past(float* start, std::int64_t offset) { return start ? start + offset : nullptr; }

template <class Rule>
StepSums step_blocks(const StepCoefficients& coefficients, const StepRun& run) {
  const Floats c(coefficients);
  float updates[kBlock];
  StepSums sums;
  for (std::int64_t start = 0; start < run.count; start += kBlock) {
    const StepRun block{.weight = run.weight + start,
                        .gradient = run.gradient + start,
                        .first = past(run.first, start),
                        .second = past(run.second, start),
                        .count = std::min(kBlock, run.count - start)};
    const BlockSums s = step_block<Rule>(c, block, updates);
    const bool usable = in_range(s.gg) && in_range(s.ww) && in_range(s.uu);
    sums += usable ? StepSums{.gradient_sq = s.gg, .weight_sq = s.ww, .update_sq = s.uu, .gradient_update = s.gu}
                   : sums_in_double(block.gradient, block.weight, updates, block.count);
  }
  return sums;
}

}  // namespace

StepSums step_run(StepRule rule, const StepCoefficients& coefficients, const StepRun& run) {
  switch (rule) {
    case StepRule::sgd:
      return step_blocks<Sgd>(coefficients, run);
    case StepRule::momentum:
      return step_blocks<Momentum>(coefficients, run);
    case StepRule::adam:
      return step_blocks<Adam>(coefficients, run);
    case StepRule::rmsprop:
      return step_blocks<Rmsprop>(coefficients, run);
    case StepRule::rmsprop_momentum:
      return step_blocks<RmspropMomentum>(coefficients, run);
  }
  return {};
}

double sum_of_squares(const float* values, std::int64_t count) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
#ifdef __clang__
#pragma clang fp reassociate(on)
#endif
    const double x = values[i];
    sum += x * x;
  }
  return sum;
}

}  // namespace thalweg
