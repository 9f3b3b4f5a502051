// Running statistics that lag behind the network: it is evaluated with statistics of another network.
//
// Found where evaluation pays for it (evaluation_harm), and in some batch norm
//     statistics_gap − its bar ≥ gap          (median over the last looks)
// beyond what sampling makes of it. A fault where evaluation has paid at the last two evaluations; a warning at one.
#pragma once

#include "thalweg/diagnose/normalization_level.h"

namespace thalweg {

struct NormalizationStaleOptions {
  LevelOptions level;
  EvaluationHarmOptions harm;
  double gap = 0.3;
};

Judgement judge_normalization_stale(const History& history, const NormalizationStaleOptions& options = {});

}  // namespace thalweg
