// A run that stands still at a minimum, although the data tell more: the rows pull, and cancel, and neither down the
// gradient nor along the most negative curvature is anything to be gained.
//
// Warning where the run stands still (standing.h), the data pull at its weights, and at its point
//     escape_gain and descent_gain, upper ends of their intervals, < gain · floor,
// and the loss is still above the middle between the floor and what nearest neighbours reach. A warning, since a
// network that is too small for the task stands at such a minimum with the best it can do, and no look at one point
// tells the two apart: another seed or a wider network does. Fault where this network itself has had a loss lower by
// earlier · floor for a while, and was not thrown out of it: then it can.
#pragma once

#include "thalweg/diagnose/standing.h"

namespace thalweg {

struct LocalMinimumOptions {
  StandingOptions standing;
  double live = 0.1;     // plateau below
  double gain = 0.02;    // nothing to be gained: < gain · floor
  double middle = 0.5;   // high: (loss − neighbour_loss) ≥ middle · (floor − neighbour_loss)
  double told = 0.1;     // and neighbour_loss ≤ (1 − told) · floor: the inputs tell something
  double earlier = 0.1;  // fault: the lowest block of 64 losses before the window ≤ loss − earlier · floor
};

Judgement judge_local_minimum(const History& history, const LocalMinimumOptions& options = {});

}  // namespace thalweg
