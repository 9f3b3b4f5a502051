// Optimizers that step and measure in one pass over memory.
//
//   sgd:      v ← μ v + g;  u = −ε v            (nesterov: u = −ε (g + μ v))
//   adam(w):  Kingma, Ba 2015; Loshchilov, Hutter 2019     nadamw: Dozat 2016, decoupled decay     rmsprop: Tieleman, Hinton 2012
//
// Formulas, defaults and the place of eps are torch.optim's, so that a run can be checked against it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// Sums over one parameter's entries, in double, measured while stepping. The chunks they are summed over are fixed, so they do
// not depend on the number of threads.
struct StepSums {
  double gradient_sq = 0.0;      // g'g, before clipping and weight decay
  double weight_sq = 0.0;        // w'w, after the step
  double update_sq = 0.0;        // u'u, u = what was added to the weights
  double gradient_update = 0.0;  // g'u
};

class Optimizer {
 public:
  using Named = std::vector<std::pair<std::string, at::Tensor>>;

  virtual ~Optimizer() = default;
  // Applies one step with the gradients in .grad and the rate `lr` (groups scale it by group.lr / recipe.lr), and says
  // what it did, one entry a parameter. A parameter without gradient is left alone (zero sums).
  virtual const std::vector<StepSums>& step(double lr) = 0;
  // The update that step(lr) would apply, one tensor a parameter; nothing is changed, bit for bit.
  virtual std::vector<at::Tensor> preview(double lr) = 0;
  virtual void zero_grad() = 0;   // makes .grad undefined
  // State that a resumed run needs, by name ("fc1.weight.momentum", "step"), and back; load checks names and shapes (InputError).
  virtual Named state() const = 0;
  virtual void load(const Named& state) = 0;
  virtual const Named& parameters() const = 0;
};

// `parameters` are stepped in their order. A group that matches no parameter is a UsageError with the nearest name.
std::unique_ptr<Optimizer> make_optimizer(const recipe::Optimizer& options, Optimizer::Named parameters);

}  // namespace thalweg
