// What the recurrent layers of a network (rnn, gru, lstm) make of the past: the eigenvalues of their matrices, the
// Lyapunov exponents along real sequences, and how far back the gradient reaches. One forward of the network is heard;
// the layers' own steps are then made again, on a few rows, in float64, from their real input.
//
// Cost: one forward of the batch, a backward down to the layers' outputs, and on `rows` rows T steps of the layer, T
// products Jᵀu, T products J Q with their QR. All exponents of n units take T of 4 (P n)³ flops a row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "thalweg/model/tap.h"
#include "thalweg/record/recurrence.h"

namespace thalweg {

struct RecurrenceOptions {
  std::int64_t rows = 8;       // of the batch
  std::int64_t steps = 512;    // of the sequence, the last ones, at most
  std::int64_t exponents = 0;  // of Lyapunov, the largest; 0: all
  bool powers = true;          // norms of powers and the condition of V; else the radius alone,
  std::int64_t matrix = 0;     // and that only of matrices [m, m] up to this m; 0: of any
  double fallen = 100.0;       // HorizonOptions
  std::uint64_t seed = 0;
};

// A parameter by name, "lstm1.weight_hh_l0"; undefined where there is none.
using WeightOf = std::function<at::Tensor(std::string_view name)>;

// One entry a level of each recurrent layer, in order of the network; none where it has no recurrent layer. Networks
// from a recipe alone: what a foreign module is given, and in which order of axes, its tap does not say.
std::vector<RecurrentLayer> measure_recurrence(const Through& through, const WeightOf& weight_of,
                                               const RecurrenceOptions& options = {});

}  // namespace thalweg
