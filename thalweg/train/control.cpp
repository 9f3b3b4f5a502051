#include "thalweg/train/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "thalweg/diagnose/checks.h"

namespace thalweg {
namespace {

constexpr std::int64_t kJudgeEvery = 16;  // steps between looks: the checks read windows of 64 steps and more
// A trial is judged after 12, 24 and 48 steps, each time with a third of the 5%; the quantiles of Student's t are for 1
// − 0.025/3.
struct Look {
  std::size_t steps;
  double student;
};
constexpr std::array<Look, 3> kLooks{{{12, 2.820}, {24, 2.582}, {48, 2.483}}};
constexpr std::size_t kEffectSteps = 64;        // losses compared before and after an action
constexpr std::int64_t kQuietAfterTrial = 128;  // no new trial for so many steps after one that proved nothing
constexpr double kSmallestStep = 0.1, kLargestStep = 0.5;

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> last_values(std::span<const Point> points, std::size_t count) {
  std::vector<double> values;
  for (const Point& point : points.last(std::min(count, points.size()))) values.push_back(point.value);
  return values;
}

// s = 1/(2ρ) from the last overshoots, exact or secant, whichever there are more of.
double smaller_step(const History& history) {
  const auto exact = history.series(Quantity::overshoot), secant = history.series(Quantity::overshoot_secant);
  const double rho = median(last_values(exact.size() > secant.size() ? exact : secant, 9));
  return rho > 0.0 ? std::clamp(0.5 / rho, kSmallestStep, kLargestStep) : kLargestStep;
}

Trial judged(const std::vector<double>& differences, double student) {
  const double n = static_cast<double>(differences.size());
  const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / n;
  double squares = 0.0;
  for (const double d : differences) squares += (d - mean) * (d - mean);
  const double half = student * std::sqrt(squares / (n - 1.0) / n);
  Trial trial{.effect = mean, .low = mean - half, .high = mean + half, .goal = "loss"};
  // A step that lands on a loss that is not finite loses against any that does not.
  if (trial.low > 0.0) trial.verdict = TrialVerdict::proven;
  if (trial.high < 0.0) trial.verdict = TrialVerdict::refuted;
  return trial;
}

}  // namespace

Control::Control(recipe::ActMode mode, const RunHeader& header, double rate_scale)
    : mode_(mode), rate_scale_(rate_scale) {
  recent_.header = header;
}

void Control::put(const Reading& reading) {
  if (mode_ == recipe::ActMode::autopilot && reading.scope == kWholeModel) recent_.put(reading);
}

void Control::look(std::int64_t next_step) {
  if (mode_ != recipe::ActMode::autopilot || trial_scale_ > 0.0) return;
  if (next_step < quiet_until_ || next_step % kJudgeEvery != 0) return;
  for (const Check& check : checks()) {
    if (check.name != "ill_conditioned_step" && check.name != "learning_rate_too_high") continue;
    for (const Finding& finding : check.judge(recent_).findings) {
      if (finding.severity != Severity::fault) continue;
      trial_scale_ = smaller_step(recent_);
      trial_code_ = finding.code;
      differences_.clear();
      return;
    }
  }
}

std::optional<double> Control::trial_scale() const {
  return trial_scale_ > 0.0 ? std::optional(trial_scale_) : std::nullopt;
}

std::optional<Action> Control::tried(std::int64_t step, double difference, double learning_rate) {
  differences_.push_back(difference);
  const auto look =
      std::find_if(kLooks.begin(), kLooks.end(), [&](const Look& l) { return l.steps == differences_.size(); });
  if (look == kLooks.end()) return std::nullopt;
  Trial trial = judged(differences_, look->student);
  if (trial.verdict == TrialVerdict::undecided && look->steps < kLooks.back().steps) return std::nullopt;
  const double scale = trial_scale_;
  trial_scale_ = 0.0;
  // A trial that proves nothing is not asked for again soon, and each time less so: trials cost three forwards a step.
  quiet_until_ = step + (kQuietAfterTrial << std::min(unproven_, 20));
  if (trial.verdict != TrialVerdict::proven) {
    ++unproven_;
    return std::nullopt;
  }
  unproven_ = 0;
  quiet_until_ = step + kQuietAfterTrial;
  const std::int64_t planned = std::max<std::int64_t>(recent_.header.planned_steps, step);
  trial.cost = static_cast<double>(differences_.size()) / static_cast<double>(std::max<std::int64_t>(1, planned));
  Action action{.step = step + 1,
                .code = trial_code_,
                .lever = "optimizer.lr",
                .from = learning_rate,
                .to = learning_rate * scale,
                .trial = trial};
  action.loss_before = median(last_values(recent_.series(Quantity::loss), kEffectSteps));
  action.loss_after = std::numeric_limits<double>::quiet_NaN();
  rate_scale_ *= scale;
  const RunHeader header = recent_.header;
  recent_ = History();
  recent_.header = header;
  pending_ = action;
  return action;
}

std::optional<Action> Control::effect(bool at_end) {
  if (!pending_) return std::nullopt;
  const auto losses = recent_.series(Quantity::loss);
  if (losses.size() < kEffectSteps && !(at_end && !losses.empty())) return std::nullopt;
  Action action = *pending_;
  pending_.reset();
  action.loss_after = median(last_values(losses, kEffectSteps));
  return action;
}

}  // namespace thalweg
