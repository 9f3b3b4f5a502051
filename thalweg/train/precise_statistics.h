// Statistics for the batch norms of a network over the data instead of over the last batches that training saw (Wu,
// Johnson 2021, section 3):
//     μ = Σ n_b μ_b / N,      σ² = Σ n_b (σ²_b + μ_b²) / N − μ²,
// μ_b, σ²_b: what a norm measures in training mode on batch b, n_b values a channel, N = Σ n_b. As LibTorch keeps them,
// running_var gets N/(N − 1) σ². Weights, mode and torch's random stream stay as they are. Each earlier norm normalises
// by its batch, as in training; a dropout before a norm drops.
//
// μ_b is read off the layer's own update of its running mean r ← (1 − m) r + m μ_b from r = 0, so that no axis has to
// be known; m is found by two forwards, from r = 0 and from an r far above all μ_b.
#pragma once

#include <cstdint>

#include "thalweg/data/dataset.h"
#include "thalweg/model/network.h"

namespace thalweg {

struct PreciseStatistics {
  std::int64_t rows = 10000;   // at most, drawn without replacement by `seed`; 0: all
  std::int64_t at_once = 256;  // rows in a batch
  std::uint64_t seed = 0;
};
// How many norms got new statistics: those that keep any.
int make_precise(Network& network, const Part& part, const PreciseStatistics& options);

}  // namespace thalweg
