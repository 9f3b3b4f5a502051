// What the change from training to evaluation mode costs: the loss of the same rows in both, batch by batch as training
// draws them. Positive where running statistics (Ioffe, Szegedy 2015) do worse than the batch's own; usually negative
// where dropout is switched off.
#pragma once

#include <vector>

#include "thalweg/data/dataset.h"
#include "thalweg/model/network.h"
#include "thalweg/train/objective.h"

namespace thalweg {

struct EvaluationGap {
  double gap = 0.0;    // mean over batches of L in evaluation mode − L in training mode, each the mean of its rows
  double error = 0.0;  // half of its 95% interval, by the scatter from batch to batch
};
// At least two batches. Mode, running statistics and random stream are put back.
EvaluationGap evaluation_gap(Network& network, const Objective& objective, const std::vector<Batch>& batches);

}  // namespace thalweg
