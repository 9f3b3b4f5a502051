// The Lyapunov exponents of a recurrent layer along real sequences: how fast a small change of its state grows or
// fades per time step, in as many directions as the state has, largest first. By QR (Benettin, Galgani, Giorgilli,
// Strelcyn 1980; of recurrent networks: Vogt, Puelma Touzel, Shlizerman, Lajoie 2022; Engelken, Wolf, Abbott 2023):
//     J_t Q_(t−1) = Q_t R_t,        λ_k = 1/T Σ_t ln |R_t,kk|.
// All 0: what happened stays as it was (an orthogonal network). Below 0: it fades, and the gradient with it. Above 0:
// chaos, and a gradient that explodes.
//
// Q_0 is random and turns into place over the first steps, which do not count: a quarter of the sequence, 32 at most.
// What short sequences leave of it is of order 1/T. The error bar is the spread over rows.
#pragma once

#include <cstdint>
#include <vector>

#include "thalweg/observe/recurrence/cell.h"
#include "thalweg/record/recurrence.h"

namespace thalweg {

struct LyapunovOptions {
  std::int64_t exponents = 0;  // only so many, the largest; 0: all
  std::int64_t warm_up = 32;   // steps that do not count, at most;
  double warm_share = 0.25;    // and this share of the steps
  std::uint64_t seed = 0;      // of Q_0
};

// Of the steps that `run` kept linearised. Empty where there are none.
std::vector<RecurrentLayer::Exponent> lyapunov_exponents(const Cell& cell, const CellRun& run,
                                                         const LyapunovOptions& options = {});

}  // namespace thalweg
