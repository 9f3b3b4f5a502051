// Layers too strongly coupled for the step: each layer's update alone would lower the loss, all together do not.
//
// A look is bad where, beyond their error bars,
//     change_alone < 0                              the sum of each layer alone
//     change_alone + change_interaction ≥ 0         all of them at once, on the same batch.
// Of healthy looks at most half are bad: at the edge of stability steps do not gain much, but their own batch's loss
// they lower. Found where SignEvidence says with alpha that more than half are. A fault where the run, after 200 steps,
// has a loss above slow · floor still; else a warning: it learns all the same.
#pragma once

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct LayerCouplingOptions {
  std::size_t least = 8;  // looks
  double alpha = 0.01;    // chance of a false finding over the whole run
  std::int64_t steps = 200;
  double slow = 0.5;
};

Judgement judge_layer_coupling(const History& history, const LayerCouplingOptions& options = {});

}  // namespace thalweg
