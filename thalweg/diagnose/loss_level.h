// Where the loss stands: against what it began with, against the best constant prediction, and since it was thrown up.
//
// A network that has learnt nothing has the loss of the best constant, or the one it began with, whichever is lower.
// Losses are noisy, so every judgement is on medians: of three consecutive steps for a throw, of blocks for a level.
#pragma once

#include <cstdint>
#include <optional>

#include "thalweg/diagnose/history.h"

namespace thalweg {

struct LossLevelOptions {
  int block = 16;  // steps of a block
  // thrown: median of three losses ≥ thrown · ceiling and ≥ ceiling + noise · (lower quartile of the blocks' scatter);
  // one such loss is enough where every block since is stuck
  double thrown = 1.5;
  double noise = 10.0;
  double stuck = 0.9;     // nothing learnt: block median ≥ stuck · floor
  double learnt = 0.8;    // something learnt: block median ≤ learnt · floor,
  int learnt_blocks = 4;  // so many blocks in a row
  double diverged = 1e3;  // diverged: last losses ≥ diverged · ceiling,
  double grown = 10.0;    // or not finite, after one of the last 50 ≥ grown · ceiling
  double alpha = 0.01;    // chance of a false 'stayed up' over the whole run, see SignEvidence
};

struct LossLevel {
  double start = 0.0;              // initial_loss, or else the first losses
  double constant = 0.0;           // NaN where it is not known
  double ceiling = 0.0;            // the higher of start and constant
  double floor = 0.0;              // the lower of them
  double recent = 0.0;             // median of the last quarter of the run, of 16 steps at least
  double recent_few = 0.0;         // median of the last 8 steps
  double highest = 0.0;            // highest median of three consecutive losses
  std::optional<std::int64_t> up;  // first step at which the loss was thrown up, or all that was learnt was lost again
  double at_up = 0.0;              // highest median of three in the block that begins there
  std::int64_t steps_up = 0;       // steps since then
  bool diverged = false;           // the last losses are not finite after growth, or a thousand times the ceiling
  bool stayed_up = false;          // in block after block since, the loss has stayed at the floor or been thrown again
  double evidence = 1.0;           // for that: SignEvidence, a block a reading
};

// Nothing where no loss was read.
std::optional<LossLevel> loss_level(const History& history, const LossLevelOptions& options = {});

}  // namespace thalweg
