// What an instrument is: it looks at a training step, says Readings, and never changes the training.
//
// A step shows itself three times: before its last backward (the loss with its graph), after it (.grad is filled, the
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

#include "thalweg/model/tap.h"
#include "thalweg/observe/step_graph.h"
#include "thalweg/optim/optimizer_view.h"
#include "thalweg/optim/step_sums.h"
#include "thalweg/record/reading.h"

namespace thalweg {

// θ, g: the parameters and the gradient of the objective L that the step goes by; u: the update that it makes. Where
// several backwards make one step, L is their sum, and L_b the last one's loss.
struct Step {
  std::int64_t index = 0;  // optimizer steps made before this one
  double learning_rate = 0.0;
  double loss = 0.0;                   // as it is reported: mean per row, without penalties, where that is known
  double objective = 0.0;              // L(θ), the last reduction in double where that can be had
  double objective_error = 0.0;        // rounding of it, and of each value of loss_along
  bool finite = true;                  // the gradient, as far as it was looked at
  std::int64_t rows = 0;               // in the batch, micro-batches together; 0: not known
  int backwards = 1;                   // so far in this step
  std::span<const Scope> scopes;       // one a parameter
  std::span<const std::string> names;  // of the parameters, "<layer>.weight"; empty: not known
  std::vector<at::Tensor> parameters;
  const OptimizerView* optimizer = nullptr;  // null: updates by hand

  // Needs::graph. Of L_b; its Hessian is that of L up to sampling: multiply by 1 / graph_share for the size of L.
  StepGraph* graph = nullptr;
  double graph_share = 1.0;  // L_b's share in L, by number of backwards

  // Needs::gradient, after the backward: g before clipping and unscaled, a copy; zeros where there is none.
  std::function<const std::vector<at::Tensor>&()> gradient;
  // Needs::second_forward, after the backward, before the update: ∇L of this same batch at other weights, with the same
  // random state; nothing is changed.
  std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& weights)> gradient_at;

  // Needs::taps, after the backward, before the update: the forward of this same batch once more, heard.
  Through through;
  std::function<Scope(std::string_view layer)> scope_of;  // of a layer, by name
  // What a forward keeps beside the weights, by name ("norm1.running_mean"), as it is now; undefined: there is none.
  std::function<at::Tensor(std::string_view name)> buffer;

  // After the update.
  std::span<const StepSums> sums;       // one a parameter; empty where the optimizer does not say them
  std::span<const double> gradient_sq;  // then: of each parameter's gradient, before clipping and unscaled
  std::span<const at::Tensor> before;   // Needs::update: the weights before the step
  std::function<const std::vector<at::Tensor>&()> update;  // Needs::update: u, one a parameter
  std::function<double(double t)> loss_along;  // Needs::second_forward: L(θ + t u), same batch, same random state
  std::function<double(const std::vector<at::Tensor>& weights)> loss_at;  // the same at any weights; nothing is changed
};

// What an instrument asks of a step on which it is due.
struct Needs {
  bool graph = false;           // the backward must keep the graph
  bool gradient = false;        // a copy of g
  bool update = false;          // u: a copy of the weights before the step
  bool second_forward = false;  // gradient_at, loss_along: only where the loop gives a closure
  bool taps = false;            // through: only where the loop gives a closure, and the network lets itself be tapped
  bool each_backward = false;   // after_backward on each of a step's backwards: only where it has several
  bool sums = false;            // the optimizer's sums, or else those of a pass over gradient and weights
  bool two_steps = false;       // is due on the step after a turn, too
  double gradient_units = 0.0;  // expected cost of one turn
  double at_most = 0.0;         // cost of the dearest turn there may be, in the same unit; 0: gradient_units
  double share = 0.0;           // of the budget, against the others'

  bool along() const { return second_forward && update; }  // loss_along, and L(θ) as the closure gives it
  bool any() const { return graph || gradient || update || second_forward || taps || each_backward || sums; }
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
