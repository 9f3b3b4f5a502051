#include "thalweg/diagnose/learning_rate_too_high.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "thalweg/diagnose/rate.h"
#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kExperiment = "runs of tools/calibrate_checks.py";

enum class Course { steady, diverged, stayed_up, half_way, thrown, recovered };

Course course_of(const History& history, const LossLevel& level, const LearningRateTooHighOptions& options) {
  if (level.diverged) return Course::diverged;
  if (!level.up) return Course::steady;
  const bool down = level.recent < options.came_down * level.floor;
  if (down) return Course::recovered;
  if (level.stayed_up) return Course::stayed_up;
  const auto planned = static_cast<double>(history.header.planned_steps);
  const bool at_end = planned > 0.0 && static_cast<double>(history.last_step() + 1) >= options.end * planned;
  return at_end && level.steps_up >= options.settle ? Course::half_way : Course::thrown;
}

std::string seen(Course course, const LossLevel& level) {
  const std::string known =
      std::isfinite(level.constant) ? fmt::format(" (the best constant prediction has {:.3g})", level.constant) : "";
  const std::string before = fmt::format("The loss began at {:.3g}{}", level.start, known);
  const std::int64_t up = level.up.value_or(0);
  switch (course) {
    case Course::diverged:
      return fmt::format("{} and diverged.", before);
    case Course::stayed_up:
      return fmt::format(
          "{}; from step {} on steps threw it up, and in the {} steps since it has not come down to stay.", before, up,
          level.steps_up);
    case Course::half_way:
      return fmt::format("{}; at step {} it was thrown up to {:.3g}, and at the end it is still at {:.3g}.", before, up,
                         level.highest, level.recent);
    case Course::thrown:
      return fmt::format("{}; at step {} it was thrown up, and has not come down in {} steps.", before, up,
                         level.steps_up);
    default:
      return fmt::format(
          "{}; at step {} it was thrown up to {:.3g}, but came down to {:.3g}: shorter first steps (schedule.warmup) "
          "would "
          "save the detour.",
          before, up, level.highest, level.recent);
  }
}

void add_evidence(Finding& finding, const History& history, Course course, const LossLevel& level,
                  const LearningRateTooHighOptions& options) {
  const auto& limits = options.level;
  const auto add = [&](double value, double threshold, std::string source) {
    if (value >= threshold) finding.evidence.push_back({Quantity::loss, "", value, threshold, std::move(source)});
  };
  const double thrown = level.highest >= limits.diverged * level.ceiling ? limits.diverged : limits.thrown;
  add(level.highest, thrown * level.ceiling,
      fmt::format("{:.3g} times the higher of the first and the best constant's loss; {}", thrown, kExperiment));
  if (course == Course::half_way) {
    add(level.recent, options.came_down * level.floor,
        fmt::format("{:.2g} of the lower of the two at the end; {}", options.came_down, kExperiment));
  } else {
    add(level.recent, limits.stuck * level.floor,
        fmt::format("nothing learnt: {:.2g} of the lower of the two; {}", limits.stuck, kExperiment));
  }
  if (finding.evidence.empty()) {
    const double last = history.series(Quantity::loss).back().value;
    finding.evidence.push_back({Quantity::loss, "", level.up ? level.at_up : last, limits.stuck * level.floor,
                                fmt::format("all that was learnt was lost; {}", kExperiment)});
  }
  if (course == Course::stayed_up) {
    finding.message +=
        fmt::format(" Chance of this in a healthy run: below 1 in {:.0f}.", std::min(level.evidence, 1e4));
  }
}

Finding finding_of(const History& history, Course course, const LossLevel& level,
                   const LearningRateTooHighOptions& options) {
  const auto losses = history.series(Quantity::loss);
  const std::int64_t up = level.up.value_or(losses.front().step);
  const bool fault = course == Course::diverged || course == Course::stayed_up || course == Course::half_way;
  Finding finding;
  finding.code = "learning_rate_too_high";
  finding.severity = fault ? Severity::fault : Severity::warning;
  finding.first_step = up;
  finding.last_step = losses.back().step;
  finding.message = seen(course, level);
  add_evidence(finding, history, course, level, options);
  const Steps around{std::max<std::int64_t>(0, up - 16), up + 16};
  if (const auto rho = largest_overshoot(history, around)) {
    finding.evidence.push_back({Quantity::overshoot, "", *rho, 1.0,
                                "above 1 a step climbs: Goodfellow, Bengio, Courville 2016, section 8.2.1"});
  }
  if (course == Course::recovered) return finding;
  if (const auto remedy = change_rate(history, rate_factor(history, around), up)) {
    finding.message += fmt::format(" Lower {} to about {}.", remedy->lever, remedy->value);
    finding.remedies.push_back(*remedy);
  }
  return finding;
}

}  // namespace

Judgement judge_learning_rate_too_high(const History& history, const LearningRateTooHighOptions& options) {
  const auto level = loss_level(history, options.level);
  const auto count = history.series(Quantity::loss).size();
  const auto course = level ? course_of(history, *level, options) : Course::steady;
  if (course != Course::steady) {
    Judgement judgement{
        .verdict = Verdict::fault, .findings = {finding_of(history, course, *level, options)}, .reason = {}};
    if (course == Course::recovered) judgement.verdict = Verdict::healthy;
    if (course == Course::thrown) judgement.verdict = Verdict::cannot_tell;
    judgement.reason = judgement.verdict == Verdict::fault ? "" : judgement.findings.front().message;
    return judgement;
  }
  if (count < static_cast<std::size_t>(options.enough)) {
    return {.verdict = Verdict::cannot_tell,
            .findings = {},
            .reason = fmt::format("{} losses were read, {} tell", count, options.enough)};
  }
  return {.verdict = Verdict::healthy,
          .findings = {},
          .reason = fmt::format("in {} steps the loss was never thrown up", count)};
}

}  // namespace thalweg
