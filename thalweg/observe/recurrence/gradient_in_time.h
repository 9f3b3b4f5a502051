// How the gradient fades, or grows, on its way back in time: ‖∂L/∂s_(T−k)‖ against the distance k from the end, from
//     ∂L/∂s_(t−1) = J_tᵀ ∂L/∂s_t         (Pascanu, Mikolov, Bengio 2013; Bengio, Simard, Frasconi 1994)
// row by row along real sequences, begun with what the loss asks of the last state. The norms are kept as logarithms
// and the vectors at length 1: nothing underflows.
//
// A layer of several levels is one chain: a level also gets, at each t, what the level above asks of its input.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "thalweg/observe/recurrence/cell.h"
#include "thalweg/record/recurrence.h"

namespace thalweg {

struct Level {
  Cell cell;
  CellRun run;
};

// `levels`: lowest first. `seed`: ∂L/∂h_T of the highest, [rows, n], not zero in any row. One result a level: ln
// ‖∂L/∂s_(T−k)‖ − ln ‖∂L/∂s_T‖, [rows, steps that were linearised].
std::vector<at::Tensor> log_gradients(std::span<const Level> levels, const at::Tensor& seed);

struct HorizonOptions {
  double fallen = 100.0;  // the horizon is where the gradient has fallen by this factor for good
};

// Puts gradient, decay and horizon of one level: the geometric mean over rows; a straight line through each row's
// logarithms, but for k = 0, where the loss asks of h alone; its slope's band from the spread over rows and the
// scatter about the line together. Where the mean does not fall so far within the sequence the line tells the horizon;
// where its slope is not below zero beyond the band, that has no upper end.
void put_gradient(RecurrentLayer& result, const at::Tensor& log_gradient, const HorizonOptions& options = {});

}  // namespace thalweg
