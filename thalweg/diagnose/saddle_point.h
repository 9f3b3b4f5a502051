// A run that stands still at a saddle: the slope is gone, and yet there is a way down, which only curvature shows.
//
// Fault where the run stands still far from what it could reach (standing.h), and at its point, by
// observe/curvature/standpoint.h, along the direction v of the most negative curvature,
//     v'Hv < 0 and L(θ) − L(θ ± t v) > 0 beyond their error bars, on rows that v was not made from,
//     L(θ) − L(θ ± t v) ≥ gain · floor,      ‖G‖ t ≤ L(θ) − L(θ ± t v).
// Negative curvature alone is no fault: networks have it nearly everywhere (Dauphin et al. 2014), and mostly it leads
// nowhere. The last condition says that the gradient is small: over the same length the whole of it would gain less.
#pragma once

#include "thalweg/diagnose/standing.h"

namespace thalweg {

struct SaddlePointOptions {
  StandingOptions standing;
  double gain = 0.02;  // fault: escape_gain ≥ gain · floor
};

Judgement judge_saddle_point(const History& history, const SaddlePointOptions& options = {});

}  // namespace thalweg
