// What the checks of units share: the layer whose share is highest, and whether the run has learnt.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "thalweg/diagnose/loss_level.h"

namespace thalweg {

inline constexpr std::string_view kNotCounted = "the units of the layers were not counted";

struct UnitShare {
  std::string layer;
  double last = 0.0;                           // in the last window
  double before = 0.0;                         // in the one before; 0 where there was none
  std::int64_t first_step = 0, last_step = 0;  // of the windows from which on it was at least `limit`
};

// Of the layer with the highest share in its last window; nothing where none was read.
std::optional<UnitShare> highest_share(const History& history, Quantity quantity, double limit);

// The loss's level where at least `steps` losses were read and it is not below share · floor.
std::optional<LossLevel> not_learnt(const History& history, const LossLevelOptions& options, int steps, double share);

}  // namespace thalweg
