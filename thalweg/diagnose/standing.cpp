#include "thalweg/diagnose/standing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::size_t kLastSteps = 32;  // a run that has just begun to fall again does not stand

StandingOrNot otherwise(Verdict verdict, std::string reason) {
  return {.standing = {}, .otherwise = {.verdict = verdict, .findings = {}, .reason = std::move(reason)}};
}

// The median of the last steps, less what noise alone may have put it down by: two standard errors of a median, of
// losses about normal (1.4826 · scatter their deviation, √(π/2) / √n the median's).
double lately(std::span<const Point> losses) {
  const std::vector<double> last = values(losses.last(std::min(kLastSteps, losses.size())));
  const double noise = 2.0 * 1.4826 * 1.2533 * scatter(last) / std::sqrt(static_cast<double>(last.size()));
  return median(last) + (std::isfinite(noise) ? noise : 0.0);
}

std::optional<std::int64_t> last_look(const History& history, const Standing& standing) {
  const auto looks = history.series(Quantity::gradient_norm);
  if (looks.empty() || looks.back().step < standing.first) return std::nullopt;
  return looks.back().step;
}

}  // namespace

StandingOrNot standing(const History& history, const StandingOptions& options) {
  const auto level = loss_level(history, options.level);
  if (!level) return otherwise(Verdict::cannot_tell, "no loss was read");
  if (level->diverged) return otherwise(Verdict::healthy, "a loss that diverged does not stand");
  if (!(level->floor > 0.0) || !std::isfinite(level->floor)) {
    return otherwise(Verdict::cannot_tell, "the loss has no floor to compare with");
  }
  const auto losses = history.series(Quantity::loss);
  const auto window = losses.last(losses.size() / 2), third = window.first(window.size() / 3);
  if (level->recent_few < options.far * level->floor) {
    return otherwise(Verdict::healthy,
                     fmt::format("the loss has come from {:.3g} to {:.3g}", level->start, level->recent_few));
  }
  if (std::ssize(window) < options.steps) {
    return otherwise(Verdict::cannot_tell, fmt::format("{} losses were read; {} tell whether the run stands still",
                                                       losses.size(), 2 * options.steps));
  }
  Standing result{.first = window.front().step, .last = window.back().step, .floor = level->floor};
  result.level = std::min(median(values(window.last(third.size()))), lately(losses));
  result.descent = median(values(third)) - result.level;
  if (!std::isfinite(result.level)) return otherwise(Verdict::healthy, "a loss that is not finite does not stand");
  if (result.descent >= options.still * level->floor) {
    return otherwise(Verdict::healthy, fmt::format("the loss still falls: by {:.2g} since step {}, to {:.3g}",
                                                   result.descent, result.first, result.level));
  }
  const double reachable = first_value(history, Quantity::neighbour_loss);
  if (std::isfinite(reachable)) result.reachable = reachable;
  result.look = last_look(history, result);
  return {.standing = result, .otherwise = {}};
}

std::optional<Point> reading_at(const History& history, Quantity quantity, std::int64_t step) {
  const auto found = within(history.series(quantity), {step, step});
  if (found.empty() || !std::isfinite(found.back().value) || std::isnan(found.back().error)) return std::nullopt;
  return found.back();
}

std::string standing_words(const Standing& standing) {
  std::string words = fmt::format("The loss has stood still at {:.3g} since step {}", standing.level, standing.first);
  if (standing.reachable && *standing.reachable < standing.level) {
    words += fmt::format(", where nearest neighbours reach {:.3g}", *standing.reachable);
  }
  return words + ".";
}

LookOrNot look_of(const History& history, const StandingOptions& options) {
  StandingOrNot stands = standing(history, options);
  if (!stands.standing) return {.look = {}, .otherwise = std::move(stands.otherwise)};
  const auto cannot_tell = [&](const std::string& why) {
    return LookOrNot{
        .look = {},
        .otherwise = {.verdict = Verdict::cannot_tell,
                      .findings = {},
                      .reason = fmt::format("the loss stands still at {:.3g}, and {}: `thalweg survey` tells",
                                            stands.standing->level, why)}};
  };
  if (!stands.standing->look)
    return cannot_tell("the point was not measured (the budget of watch left nothing for it)");
  const std::int64_t step = *stands.standing->look;
  const auto gradient = reading_at(history, Quantity::gradient_norm, step);
  const auto live = reading_at(history, Quantity::live_weights, step);
  const auto lambda_min = reading_at(history, Quantity::lambda_min, step);
  if (!gradient || !live) return cannot_tell("its gradient is not finite");
  if (!lambda_min) return cannot_tell("its curvature could not be measured");
  Look look{.standing = *stands.standing,
            .gradient = gradient->value + static_cast<double>(gradient->error),
            .live_weights = live->value,
            .lambda_min = lambda_min,
            .escape_curvature = reading_at(history, Quantity::escape_curvature, step),
            .escape_gain = reading_at(history, Quantity::escape_gain, step),
            .descent_gain = reading_at(history, Quantity::descent_gain, step)};
  if (const auto length = reading_at(history, Quantity::escape_length, step)) look.escape_length = length->value;
  return {.look = look, .otherwise = {}};
}

bool has_way_down(const Look& look, const EscapeOptions& options) {
  if (!look.escape_curvature || !look.escape_gain) return false;
  const Point &curvature = *look.escape_curvature, &gain = *look.escape_gain;
  return curvature.value + static_cast<double>(curvature.error) < 0.0 &&
         gain.value - static_cast<double>(gain.error) > 0.0 && gain.value >= options.share * look.standing.floor;
}

bool gradient_is_small(const Look& look) {
  return look.escape_gain && look.gradient * look.escape_length <= look.escape_gain->value;
}

}  // namespace thalweg
