#include "thalweg/diagnose/normalization_level.h"

#include <algorithm>
#include <cmath>

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/diagnose/samples.h"

namespace thalweg {

std::vector<LayerLevel> layer_levels(const History& history, Quantity quantity, const LevelOptions& options) {
  std::vector<LayerLevel> result;
  for (const Scope scope : history.scopes(quantity)) {
    const auto all = history.series(quantity, scope);
    if (scope == kWholeModel || all.size() < options.least) continue;
    const auto last = all.last(std::min(all.size(), options.looks));
    std::vector<double> errors;
    for (const Point& p : last) errors.push_back(std::isfinite(p.error) ? static_cast<double>(p.error) : 0.0);
    result.push_back({.layer = history.scopes_table.name(scope),
                      .value = median(values(last)),
                      .error = median(std::move(errors)),
                      .first = last.front().step,
                      .last = last.back().step});
  }
  return result;
}

std::optional<EvaluationHarm> evaluation_harm(const History& history, const EvaluationHarmOptions& options) {
  const auto gaps = history.series(Quantity::evaluation_gap);
  const auto level = loss_level(history);
  if (gaps.empty() || !level || !(level->floor > 0.0)) return std::nullopt;
  const double limit = options.share * level->floor;
  const auto harmful = [&](const Point& p) {
    const double error = std::isfinite(p.error) ? static_cast<double>(p.error) : 0.0;
    return !((options.training ? -p.value : p.value) - error <
             limit);  // a loss that is not finite in evaluation is harm, too
  };
  if (!harmful(gaps.back())) return std::nullopt;
  const bool lasting = gaps.size() >= 2 && harmful(gaps[gaps.size() - 2]);
  return EvaluationHarm{.gap = gaps.back().value,
                        .limit = limit,
                        .first = lasting ? gaps[gaps.size() - 2].step : gaps.back().step,
                        .last = gaps.back().step,
                        .lasting = lasting};
}

}  // namespace thalweg
