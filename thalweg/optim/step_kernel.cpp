#include "thalweg/optim/step_kernel.h"

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

// Sums are in double: a float's square overflows above 2e19 and vanishes below 1e-23, and both ends are what a sick run
// shows. Reordering lets clang keep one partial sum a lane; the order is fixed when the program is built.
template <class Rule>
StepSums loop(const StepCoefficients& coefficients, const StepRun& run) {
  const Floats c(coefficients);
  float* __restrict weight = run.weight;
  const float* __restrict gradient = run.gradient;
  float* __restrict first = run.first;
  float* __restrict second = run.second;
  double gg = 0.0, ww = 0.0, uu = 0.0, gu = 0.0;
#ifdef __clang__
#pragma clang loop vectorize_width(8)
#endif
  for (std::int64_t i = 0; i < run.count; ++i) {
    const float w = weight[i], raw = gradient[i];
    float m = Rule::kFirst ? first[i] : 0.0f;
    float v = Rule::kSecond ? second[i] : 0.0f;
    const float stepped = Rule::apply(c, w, c.clip * raw + c.decay * w, m, v);
    const float update = stepped - w;
    weight[i] = stepped;
    if constexpr (Rule::kFirst) first[i] = m;
    if constexpr (Rule::kSecond) second[i] = v;
    {
#ifdef __clang__
#pragma clang fp reassociate(on)
#endif
      const double g = raw, s = stepped, u = update;
      gg += g * g;
      ww += s * s;
      uu += u * u;
      gu += g * u;
    }
  }
  return {.gradient_sq = gg, .weight_sq = ww, .update_sq = uu, .gradient_update = gu};
}

}  // namespace

StepSums step_run(StepRule rule, const StepCoefficients& coefficients, const StepRun& run) {
  switch (rule) {
    case StepRule::sgd:
      return loop<Sgd>(coefficients, run);
    case StepRule::momentum:
      return loop<Momentum>(coefficients, run);
    case StepRule::adam:
      return loop<Adam>(coefficients, run);
    case StepRule::rmsprop:
      return loop<Rmsprop>(coefficients, run);
    case StepRule::rmsprop_momentum:
      return loop<RmspropMomentum>(coefficients, run);
  }
  return {};
}

double sum_of_squares(const float* values, std::int64_t count) {
  double sum = 0.0;
#ifdef __clang__
#pragma clang loop vectorize_width(8)
#endif
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
