#include "thalweg/optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::ScheduleKind;

// From 1 at x = 0 to 0 at x = 1.
double half_cosine(double x) { return 0.5 * (1.0 + std::cos(std::numbers::pi * x)); }

// "" for schedules that need no planned end.
std::string_view planned_name(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::linear:
      return "linear";
    case ScheduleKind::cosine:
      return "cosine";
    case ScheduleKind::one_cycle:
      return "one_cycle";
    case ScheduleKind::warmup_stable_decay:
      return "warmup_stable_decay";
    case ScheduleKind::polynomial:
      return "polynomial";
    default:
      return "";
  }
}

void require(bool holds, std::string_view key, double value, std::string_view allowed) {
  if (!holds) throw UsageError(fmt::format("schedule.{} = {}: allowed: {}", key, value, allowed));
}

void check(const recipe::Schedule& options, std::int64_t planned) {
  require(options.warmup >= 0.0 && std::isfinite(options.warmup), "warmup", options.warmup, "0 or more");
  require(options.every >= 1, "every", static_cast<double>(options.every), "1 or more steps");
  require(options.rate >= 0.0, "rate", options.rate, "0 or more");
  require(options.period >= 1, "period", static_cast<double>(options.period), "1 or more steps");
  require(options.growth >= 1.0, "growth", options.growth, "1 or more");
  require(options.decay >= 0.0 && options.decay <= 1.0, "decay", options.decay, "a share of the run, from 0 to 1");
  require(options.peak >= 0.0 && options.peak <= 1.0, "peak", options.peak, "a share of the run, from 0 to 1");
  if (planned > 0) return;
  constexpr std::string_view kRemedy = "needs a planned end: set stop.steps or stop.epochs";
  if (const std::string_view name = planned_name(options.kind); !name.empty()) {
    throw UsageError(
        fmt::format("schedule.kind = \"{}\" {}, or choose constant, step, exponential or plateau", name, kRemedy));
  }
  if (options.warmup > 0.0 && options.warmup < 1.0) {
    throw UsageError(fmt::format("schedule.warmup = {}, a fraction of the run, {}, or give it in steps (1 or more)",
                                 options.warmup, kRemedy));
  }
}

// How far step t is into its cycle, from 0 to below 1; cycle k has period·growth^k steps.
double cycle_position(double t, double period, double growth) {
  if (growth == 1.0) return std::fmod(t, period) / period;
  const auto start = [&](double k) { return period * (std::pow(growth, k) - 1.0) / (growth - 1.0); };
  double k = std::floor(std::log1p(t * (growth - 1.0) / period) / std::log(growth));
  if (start(k + 1.0) <= t) k += 1.0;  // where the logarithm was rounded over a boundary
  if (start(k) > t) k -= 1.0;
  return (t - start(k)) / (period * std::pow(growth, k));
}

double one_cycle(double progress, double peak, double final) {
  constexpr double kStart = 1.0 / 25.0;
  if (progress < peak) return std::lerp(1.0, kStart, half_cosine(progress / peak));
  return peak < 1.0 ? std::lerp(final, 1.0, half_cosine((progress - peak) / (1.0 - peak))) : 1.0;
}

}  // namespace

Schedule::Schedule(const recipe::Schedule& options, double peak, std::int64_t planned_steps)
    : options_(options), peak_(peak), planned_(planned_steps) {
  check(options, planned_steps);
  const double steps = options.warmup < 1.0 ? options.warmup * static_cast<double>(planned_steps) : options.warmup;
  warmup_ = std::llround(steps);
}

double Schedule::at(std::int64_t step) const {
  const double full = share(step);
  return peak_ * (step < warmup_ ? std::min(full, static_cast<double>(step + 1) / static_cast<double>(warmup_)) : full);
}

double Schedule::share(std::int64_t step) const {
  const recipe::Schedule& o = options_;
  const auto t = static_cast<double>(step);
  const double progress = planned_ > 0 ? std::min(t / static_cast<double>(planned_), 1.0) : 0.0;
  switch (o.kind) {
    case ScheduleKind::constant:
      return 1.0;
    case ScheduleKind::step:
      return std::pow(o.factor, static_cast<double>(step / o.every));
    case ScheduleKind::multistep: {
      const auto reached = std::count_if(o.milestones.begin(), o.milestones.end(), [&](auto m) { return m <= step; });
      return std::pow(o.factor, static_cast<double>(reached));
    }
    case ScheduleKind::exponential:
      return std::exp(-o.rate * t);
    case ScheduleKind::inverse_time:
      return 1.0 / (1.0 + o.rate * t);
    case ScheduleKind::inverse_sqrt: {
      const auto flat = static_cast<double>(std::max<std::int64_t>(warmup_, 1));
      return std::sqrt(flat / std::max(t, flat));
    }
    case ScheduleKind::plateau:
      return state_.scale;
    case ScheduleKind::linear:
      return std::lerp(o.final, 1.0, 1.0 - progress);
    case ScheduleKind::polynomial:
      return std::lerp(o.final, 1.0, std::pow(1.0 - progress, o.power));
    case ScheduleKind::cosine:
      return std::lerp(o.final, 1.0, half_cosine(progress));
    case ScheduleKind::cosine_restarts:
      return std::lerp(o.final, 1.0, half_cosine(cycle_position(t, static_cast<double>(o.period), o.growth)));
    case ScheduleKind::one_cycle:
      return one_cycle(progress, o.peak, o.final);
    case ScheduleKind::warmup_stable_decay:
      return o.decay > 0.0 ? std::lerp(o.final, 1.0, std::min(1.0, (1.0 - progress) / o.decay)) : 1.0;
  }
  return 1.0;
}

void Schedule::evaluated(double value) {
  if (options_.kind != ScheduleKind::plateau) return;
  const double best = state_.best;
  const bool first = std::isinf(best) && best > 0.0;
  if (first ? value < best : value < best - options_.threshold * std::abs(best)) {
    state_.best = value;
    state_.bad = 0;
  } else if (++state_.bad > options_.patience) {
    state_.scale *= options_.factor;
    state_.bad = 0;
  }
}

}  // namespace thalweg
