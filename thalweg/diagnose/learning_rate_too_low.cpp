#include "thalweg/diagnose/learning_rate_too_low.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "thalweg/diagnose/rate.h"
#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

struct Slowness {
  std::int64_t steps = 0;  // at the peak
  std::size_t readings = 0;
  double overshoot = 0.0;  // median
  double upper = 0.0;      // upper end of its 95% interval
  double movement = 0.0;   // median |u|/|w|
  bool rising = false;     // the rate has not reached its peak yet
};

// Steps whose rate is near its highest. A rate that is written only when it changes stays in force until then.
struct Peak {
  std::span<const Point> rates;
  double threshold = 0.0;
  bool holds(std::int64_t step) const {
    const auto next = std::ranges::upper_bound(rates, step, {}, &Point::step);
    return rates.empty() || (next != rates.begin() && std::prev(next)->value >= threshold);
  }
};

Peak peak_of(const History& history, double share) {
  Peak peak{history.series(Quantity::learning_rate)};
  double highest = history.header.peak_learning_rate;
  if (!(highest > 0.0) && !peak.rates.empty()) highest = std::ranges::max(peak.rates, {}, &Point::value).value;
  peak.threshold = share * highest;
  return peak;
}

// Exact where there is one, else forward-only; not only those above their error bar: the noise is even, and the median
// sees through it.
std::vector<double> overshoots_at_peak(const History& history, const Peak& peak) {
  std::vector<double> values;
  const auto exact = history.series(Quantity::overshoot);
  for (const Point& point : exact) {
    if (std::isfinite(point.value) && peak.holds(point.step)) values.push_back(point.value);
  }
  for (const Point& point : history.series(Quantity::overshoot_secant)) {
    if (std::isfinite(point.value) && peak.holds(point.step) && within(exact, {point.step, point.step}).empty()) {
      values.push_back(point.value);
    }
  }
  return values;
}

double movement_at_peak(const History& history, const Peak& peak) {
  const auto weights = history.series(Quantity::weight_sq);
  std::vector<double> ratios;
  for (const Point& update : history.series(Quantity::update_sq)) {
    const auto weight = std::ranges::lower_bound(weights, update.step, {}, &Point::step);
    if (weight != weights.end() && weight->value > 0.0 && peak.holds(update.step)) {
      ratios.push_back(std::sqrt(update.value / weight->value));
    }
  }
  return median(std::move(ratios));
}

// The highest rate is the latest, and it has moved within the last tenth of the run.
bool still_rising(const History& history) {
  const auto rates = history.series(Quantity::learning_rate);
  if (rates.size() < 2) return false;
  const double before = rate_at(history, history.last_step() * 9 / 10);
  return rates.back().value > 1.01 * before;
}

Slowness slowness_of(const History& history, const LearningRateTooLowOptions& options) {
  const Peak peak = peak_of(history, options.peak);
  const auto overshoots = overshoots_at_peak(history, peak);
  Slowness slowness{.readings = overshoots.size(), .rising = still_rising(history)};
  slowness.steps =
      std::ranges::count_if(history.series(Quantity::loss), [&](const Point& p) { return peak.holds(p.step); });
  slowness.overshoot = median(overshoots);
  slowness.upper =
      quantile(overshoots,
               std::min(1.0, 0.5 + 0.98 / std::sqrt(static_cast<double>(std::max<std::size_t>(1, overshoots.size())))));
  slowness.movement = movement_at_peak(history, peak);
  return slowness;
}

Judgement cannot_tell(std::string reason) {
  return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = std::move(reason)};
}
Judgement healthy(std::string reason) {
  return {.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
}

Finding finding_of(const History& history, const LossLevel& level, const Slowness& slowness,
                   const LearningRateTooLowOptions& options) {
  const double factor = std::min(options.largest_raise, 0.5 / std::max(slowness.upper, 1e-12));
  Finding finding;
  finding.code = "learning_rate_too_low";
  finding.severity = Severity::fault;
  finding.first_step = first_step(history.series(Quantity::loss));
  finding.last_step = history.last_step();
  finding.message = fmt::format(
      "The loss has come from {:.3g} to only {:.3g} in {} steps, each of which moved the weights by {:.1g} of their "
      "length and used some {:.2g} of the "
      "way to the minimum along it (overshoot at most {:.1g}).",
      level.start, level.recent, slowness.steps, slowness.movement, 2.0 * std::max(0.0, slowness.upper),
      slowness.upper);
  finding.evidence = {
      {Quantity::overshoot, "", slowness.upper, options.overshoot,
       fmt::format("upper end of the median's 95% interval over {} readings; the step is best at u/(2ρ): Goodfellow, "
                   "Bengio, Courville 2016, "
                   "section 8.2.1; limit from tools/calibrate_checks.py",
                   slowness.readings)},
      {Quantity::update_sq, "", slowness.movement * slowness.movement * first_value(history, Quantity::weight_sq),
       options.movement * options.movement * first_value(history, Quantity::weight_sq),
       "a fifth of the customary |u|/|w| of 1e-3 (Karpathy, CS231n notes)"},
      {Quantity::loss, "", level.recent, options.far * level.floor,
       "half of the lower of the first and the best constant's loss"}};
  if (const auto remedy = change_rate(history, factor, history.last_step())) {
    finding.message += fmt::format(" Raise {} to about {}.", remedy->lever, remedy->value);
    finding.remedies.push_back(*remedy);
  }
  return finding;
}

}  // namespace

Judgement judge_learning_rate_too_low(const History& history, const LearningRateTooLowOptions& options) {
  const auto level = loss_level(history, options.level);
  if (!level) return cannot_tell("no loss was read");
  if (level->recent < options.far * level->floor) {
    return healthy(fmt::format("the loss has come from {:.3g} to {:.3g}", level->start, level->recent));
  }
  if (level->diverged || level->up) return healthy("steps that throw the loss up are not too short");
  const Slowness slowness = slowness_of(history, options);
  if (slowness.readings >= static_cast<std::size_t>(options.readings) && slowness.upper >= options.overshoot) {
    return healthy(fmt::format("the overshoot is not small: its median is {:.2g}, at most {:.2g}", slowness.overshoot,
                               slowness.upper));
  }
  if (slowness.movement >= options.movement) {
    return healthy(fmt::format("the weights move by {:.2g} of their length a step", slowness.movement));
  }
  if (slowness.rising) return cannot_tell("the learning rate is still rising: its peak tells");
  if (slowness.steps < options.steps || slowness.readings < static_cast<std::size_t>(options.readings)) {
    return cannot_tell(fmt::format("{} steps at the peak rate with {} overshoots were read; {} steps with {} tell",
                                   slowness.steps, slowness.readings, options.steps, options.readings));
  }
  if (!(level->floor > 0.0)) return cannot_tell("the loss has no floor to compare with");
  return {.verdict = Verdict::fault, .findings = {finding_of(history, *level, slowness, options)}, .reason = {}};
}

}  // namespace thalweg
