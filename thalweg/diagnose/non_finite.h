// Non-finite values, traced to the first: which quantity, which parameters, which step.
//
// A step runs loss → gradient → update → weight, so that of several at the same step the earliest in this chain is the
// first. A gradient that is bad in some parameters only broke on its way back, in the last of them (in forward order);
// one that is bad in all came so out of the loss. Values that are 0/0 by definition (an overshoot where g'u = 0) are no
// finding. Growth by orders of magnitude just before says that the steps diverged; none says that one operation made
// the value.
#pragma once

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct NonFiniteOptions {
  int look_back = 50;  // steps before the first non-finite value in which growth is sought
  double growth =
      100.0;  // diverged: largest loss, g'g or w'w there > growth · its median before or at the start of them
};

// Fault; or a warning where the loss and the weights are finite again afterwards (a scaler skipped the step).
// Cannot tell only where no loss was read.
Judgement judge_non_finite(const History& history, const NonFiniteOptions& options = {});

}  // namespace thalweg
