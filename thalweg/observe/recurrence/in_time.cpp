#include "thalweg/observe/recurrence/in_time.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace thalweg {
namespace {

// Units of the widest recurrent layer; 0: none.
std::int64_t recurrent_units(const Step& step) {
  std::int64_t widest = 0;
  for (std::size_t i = 0; i < std::min(step.names.size(), step.parameters.size()); ++i) {
    if (step.names[i].ends_with(".weight_hh_l0")) widest = std::max(widest, step.parameters[i].size(1));
  }
  return widest;
}

at::Tensor by_name(const Step& step, std::string_view name) {
  const auto found = std::ranges::find(step.names, name);
  return found == step.names.end() ? at::Tensor()
                                   : step.parameters[static_cast<std::size_t>(found - step.names.begin())];
}

struct Sayer {
  const Step& step;
  ReadingSink& out;
  float cost;
  void operator()(Quantity quantity, Scope scope, double value, double error) const {
    if (!std::isfinite(value)) return;
    out.put({.step = step.index,
             .value = value,
             .error = static_cast<float>(error),
             .cost = cost,
             .quantity = quantity,
             .scope = scope});
  }
};

void put_readings(const RecurrentLayer& r, Scope scope, const Sayer& say) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  say(Quantity::recurrent_radius, scope, r.radius, kNone);
  if (!r.exponents.empty()) {
    const auto &largest = r.exponents.front(), &lowest = r.exponents.back();
    say(Quantity::lyapunov_exponent, scope, largest.value, largest.error);
    if (r.all_exponents) say(Quantity::lyapunov_lowest, scope, lowest.value, lowest.error);
  }
  say(Quantity::gradient_time_decay, scope, r.decay.value, r.decay.high - r.decay.value);
  if (r.gradient.empty()) return;
  constexpr double kLargest = 1e300;
  say(Quantity::backward_gain, scope, std::min(r.gradient.back(), kLargest), kNone);
  if (!r.horizon_seen) return;
  say(Quantity::memory_horizon, scope, r.horizon.value,
      std::max(r.horizon.high - r.horizon.value, r.horizon.value - r.horizon.low));
}

}  // namespace

void InTime::after_backward(const Step& step, ReadingSink& out) {
  const std::int64_t units = recurrent_units(step);
  if (units == 0 || !step.through || !step.scope_of) return;
  const auto measured = measure_recurrence(step.through, [&](std::string_view name) { return by_name(step, name); },
                                           {.rows = options_.rows,
                                            .exponents = 2 * units > options_.all_exponents ? options_.exponents : 0,
                                            .powers = false,
                                            .matrix = options_.matrix});
  const Sayer say{.step = step, .out = out, .cost = static_cast<float>(needs().gradient_units)};
  for (const RecurrentLayer& r : measured) put_readings(r, step.scope_of(r.layer), say);
}

}  // namespace thalweg
