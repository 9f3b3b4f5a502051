// A run that stands still on a plateau: nothing pulls at its weights, on any row.
//
// Fault where the run stands still far from what it could reach (standing.h), and at its point
//     live_weights < live   (a share of all weights: record/quantity.cpp),
// with no way down along negative curvature either (that would be a saddle). At a minimum the rows pull, and cancel; on
// a plateau none pulls: units are dead or saturated, and their derivative is nothing (Goodfellow, Bengio, Courville
// 2016, sections 6.3 and 8.2.2).
#pragma once

#include "thalweg/diagnose/standing.h"

namespace thalweg {

struct PlateauOptions {
  StandingOptions standing;
  double live = 0.1;  // fault: live_weights < live
};

Judgement judge_plateau(const History& history, const PlateauOptions& options = {});

}  // namespace thalweg
