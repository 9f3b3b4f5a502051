// Layers too strongly coupled for the step: by moving at once they take from each other most of what each layer's
// update would gain alone.
//
// A look is bad where, beyond their error bars,
//     change_alone < 0      and      change_interaction ≥ taken · (−change_alone).
// Found where SignEvidence says with alpha that more than half of the looks are bad. A warning: the best step is then
// shorter, and the run may learn all the same; a fault where after `steps` steps its loss is still above slow · floor.
// `taken` from tools/coupling_limits.py: in networks of up to four hidden layers, and with batch norm, the median is
// 0.06 to 0.47; in six to ten layers without a norm, at the rates that they still stand, 0.55 to 0.69.
#pragma once

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct LayerCouplingOptions {
  std::size_t least = 8;  // looks
  double alpha = 0.01;    // chance of a false finding over the whole run
  double taken = 0.5;
  std::int64_t steps = 200;
  double slow = 0.5;
};

Judgement judge_layer_coupling(const History& history, const LayerCouplingOptions& options = {});

}  // namespace thalweg
