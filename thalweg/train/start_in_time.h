// What the recurrent layers of a recipe's network make of the past at its start, before the first step: the horizon,
// the spectral radius and the largest Lyapunov exponent of each (observe/recurrence/recurrence.h), on eight training
// rows.
//
// A reading, not a verdict: the horizon at the start does not tell which sequences will be learnt (docs/recurrence.md).
#pragma once

#include <vector>

#include "thalweg/record/recurrence.h"
#include "thalweg/train/workbench.h"

namespace thalweg {

// None where the network has no rnn, gru or lstm. Weights, buffers and random state stay as they are.
std::vector<RecurrentLayer> start_in_time(const Workbench& bench);

}  // namespace thalweg
