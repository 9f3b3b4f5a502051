// What the checks of normalisation share: the level of a quantity in each layer, and whether evaluation pays for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct LayerLevel {
  std::string layer;
  double value = 0.0;  // median of its last looks
  double error = 0.0;  // median of their bars; 0 where there are none
  std::int64_t first = 0, last = 0;
};
// Of every layer with at least `least` looks, over its last `looks`.
struct LevelOptions {
  std::size_t least = 3;
  std::size_t looks = 8;
};
std::vector<LayerLevel> layer_levels(const History& history, Quantity quantity, const LevelOptions& options = {});

// The loss in evaluation mode lies above that in training mode on the same rows, beyond its error bar, by at least
// share · floor, floor: the lower of the first loss and the best constant's. With `training` the other way round: the
// luck of the batch makes training's the higher one.
struct EvaluationHarmOptions {
  double share = 0.05;
  bool training = false;
};
struct EvaluationHarm {
  double gap = 0.0;  // evaluation − training
  double limit = 0.0;
  std::int64_t first = 0, last = 0;
  bool lasting = false;  // at the last two evaluations, not only at the last
};
std::optional<EvaluationHarm> evaluation_harm(const History& history, const EvaluationHarmOptions& options = {});

inline constexpr std::string_view kNormalizationRuns = "limit from tools/normalization_limits.py";

}  // namespace thalweg
