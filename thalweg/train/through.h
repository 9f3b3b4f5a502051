// A network's forward on one batch, heard by a tap: what the instruments of the signal's way run on where no training
// step offers it (before the first step, at a checkpoint).
#pragma once

#include "thalweg/data/dataset.h"
#include "thalweg/model/network.h"
#include "thalweg/model/tap.h"
#include "thalweg/train/objective.h"

namespace thalweg {

// In the mode (training, evaluation) that the network is in. The arguments must outlive the result; the batch is kept.
Through through(Network& network, const Objective& objective, Batch batch);

}  // namespace thalweg
