// What a run makes worth measuring sooner: suspicion buys attention, not a verdict.
#pragma once

#include <vector>

#include "thalweg/diagnose/history.h"

namespace thalweg {

struct AttentionOptions {
  double overshoot = 0.8;  // ρ above this: the step gains little, or will soon
  double risen = 1.2;      // median of the last 8 losses over that of the 32 before
  double edge = 0.9;       // λmax(P⁻¹H) over the stability limit
};

// The quantities that tell more: the overshoot and the curvature where steps overshoot or the loss rises; the lower end
// of the spectrum, the gradient's way through depth and time and the units that it finds where the loss stands still.
// Empty: nothing stands out.
std::vector<Quantity> wanted(const History& history, const AttentionOptions& options = {});

// What checks need, is gathered over several turns, and was not said yet: a short run would end before it is.
std::vector<Quantity> unread(const History& history);

}  // namespace thalweg
