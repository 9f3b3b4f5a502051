// What an instrument is: it looks at a training step, says Readings, and never changes the training.
//
// A step shows itself three times: before the backward (the objective with its graph), after it (.grad is filled, the
// weights are old), and after the update. Adding an instrument: its header and source in a theme's folder, one line in
// catalogue.cpp, one mirrored test, one page in docs/.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thalweg/optim/optimizer.h"
#include "thalweg/record/reading.h"

namespace thalweg {

// θ, g: the parameters and the gradient of the mini-batch objective L; u: the update that the optimizer makes.
struct Step {
  std::int64_t index = 0;  // optimizer steps made before this one
  double learning_rate = 0.0;
  double loss = 0.0;       // mean per row, without penalties
  double objective = 0.0;  // L(θ), what is differentiated, its last reduction in double
  double output_scale =
      0.0;  // largest |output|: rounding errors of the loss are relative to it. 0 when no instrument asked
  std::int64_t rows = 0;          // rows in the batch, micro-batches together
  std::span<const Scope> scopes;  // one a parameter
  std::vector<at::Tensor> parameters;
  at::Tensor graph;                // L of the last micro-batch with its graph; undefined after the update
  double graph_share = 1.0;        // that micro-batch's share in L
  std::span<const StepSums> sums;  // after the update: one a parameter
  std::function<std::vector<at::Tensor>()> preview;  // after the backward: the u to come, nothing changed
  std::function<double()> objective_again;  // after the update: L(θ+u), same batch, same random state, nothing changed
};

// What an instrument asks of a step on which it is due.
struct Needs {
  bool every_step = false;      // free: looks at what the step has anyway
  bool graph = false;           // the backward must keep the graph
  bool second_forward = false;  // objective_again and output_scale
  double gradient_units = 0.0;  // expected cost of one turn
  double share = 0.0;           // share of the budget that is its own
};

class Instrument {
 public:
  virtual ~Instrument() = default;
  virtual std::string_view name() const = 0;
  virtual Needs needs() const = 0;
  virtual void before_backward(const Step&) {}
  virtual void after_backward(const Step&, ReadingSink&) {}
  virtual void after_update(const Step&, ReadingSink&) {}
};

}  // namespace thalweg
