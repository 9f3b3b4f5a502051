#include "thalweg/diagnose/batch_too_small.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/diagnose/rate.h"
#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

// How many batches' worth of rows one step would need to be half signal; NaN: not measured.
double noise_of(const History& history, std::size_t looks) {
  const auto signals = history.series(Quantity::gradient_signal);
  std::vector<double> ratios;
  for (const Point& variance : history.series(Quantity::gradient_variance)) {
    const auto signal = within(signals, {variance.step, variance.step});
    if (signal.empty() || !std::isfinite(variance.value)) continue;
    // A signal that is not told from zero is at most its bar.
    const double most = std::max(signal.front().value, static_cast<double>(signal.front().error));
    if (most > 0.0) ratios.push_back(variance.value / most);
  }
  if (ratios.size() > looks) ratios.erase(ratios.begin(), ratios.end() - static_cast<std::ptrdiff_t>(looks));
  return median(std::move(ratios));
}

// Lower end of the mean gain over the looks since the run stands: it walks about in its noise, and each look is at
// another point of it. Nothing where there was no look.
double least_gain(const History& history, const Standing& standing) {
  double gains = 0.0, squares = 0.0, looks = 0.0;
  for (const Point& gain : within(history.series(Quantity::descent_gain), {.first = standing.first})) {
    const auto error = static_cast<double>(gain.error);
    if (!std::isfinite(gain.value) || !std::isfinite(error)) continue;
    gains += gain.value;
    squares += error * error;
    looks += 1.0;
  }
  return looks > 0.0 ? (gains - std::sqrt(squares)) / looks : 0.0;
}

}  // namespace

Judgement judge_batch_too_small(const History& history, const BatchTooSmallOptions& options) {
  const LookOrNot seen = look_of(history, options.standing);
  if (!seen.look) return seen.otherwise;
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  const Look& look = *seen.look;
  const double noise = noise_of(history, options.looks);
  if (std::isnan(noise)) {
    return {.verdict = Verdict::cannot_tell,
            .findings = {},
            .reason = "how noisy the gradient is was not measured: the instrument noise_pairs tells"};
  }
  if (noise < options.noise) return healthy("the gradient of a batch is not drowned in its noise");
  const double limit = options.gain * look.standing.floor;
  const double gain = least_gain(history, look.standing);
  if (!(gain >= limit)) return healthy("down the gradient of many rows there is nothing to be gained, either");
  Finding finding{.code = "batch_too_small", .severity = Severity::fault};
  finding.first_step = look.standing.first;
  finding.last_step = look.standing.last;
  finding.message = fmt::format(
      "{} Down the gradient of many rows the loss would fall by {:.2g}, but the noise of a batch's gradient is {:.3g} "
      "times its signal: the steps cancel each other. Take more rows a batch (batch.size, or batch.accumulate), or let "
      "the rate fall, which averages over steps (schedule.kind = \"cosine\").",
      standing_words(look.standing), gain, noise);
  finding.evidence = {{Quantity::gradient_variance, "", noise, options.noise,
                       "over gradient_signal; McCandlish, Kaplan, Amodei et al. 2018"},
                      {Quantity::descent_gain, "", gain, limit,
                       fmt::format("mean of the looks, lower end of its interval; {}", kStandingRuns)}};
  finding.remedies = {{.lever = "batch.accumulate", .value = "8", .trial = {}},
                      {.lever = "schedule.kind", .value = "\"cosine\"", .trial = {}}};
  return {.verdict = Verdict::fault, .findings = {std::move(finding)}, .reason = {}};
}

}  // namespace thalweg
