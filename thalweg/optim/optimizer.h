// Optimizers that step and measure in one pass over memory.
//
//   sgd:      v ← μ v + g;  u = −ε v            (nesterov: u = −ε (g + μ v))
//   adam(w):  Kingma, Ba 2015; Loshchilov, Hutter 2019     nadamw: Dozat 2016, decoupled decay     rmsprop: Tieleman,
//   Hinton 2012
//
// Clipping is by the global norm of all gradients, factor min(1, clip_norm / (‖g‖ + 1e-6)); a norm that is not finite
// makes the step so too. Formulas, defaults and the place of eps are torch.optim's, so that a run can be checked
// against it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/optim/step_sums.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

class Optimizer {
 public:
  using Named = std::vector<std::pair<std::string, at::Tensor>>;

  virtual ~Optimizer() = default;
  // Applies one step with the gradients in .grad and the rate `lr` (groups scale it by group.lr / recipe.lr), and says
  // what it did, one entry a parameter. A parameter without gradient is left alone (zero sums). UsageError: a gradient
  // that is sparse, or of another shape or type than its parameter.
  virtual const std::vector<StepSums>& step(double lr) = 0;
  // The update that step(lr) would apply, one tensor a parameter; nothing is changed, bit for bit.
  virtual std::vector<at::Tensor> preview(double lr) = 0;
  // The diagonal P with which the last step was −ε P⁻¹ (…), ε the rate given to step: one tensor a parameter, of its
  // shape.
  //     sgd  1      adam, adamw, nadamw  √v̂ + eps      rmsprop  √v + eps      each over the group's share of the rate
  // (infinity where that is 0: frozen). Undefined for a parameter that has made no step yet, where P is made of v.
  virtual std::vector<at::Tensor> preconditioner() const = 0;
  virtual void zero_grad() = 0;  // makes .grad undefined
  // A copy of the state that a resumed run needs, by name: "step" ([parameters] int64, the steps that each has made),
  // nadamw's "mu_product", and torch.optim's names for the moments ("fc1.weight.exp_avg"). load takes all or nothing:
  // names, shapes and types must be its own (InputError).
  virtual Named state() const = 0;
  virtual void load(const Named& state) = 0;
  virtual const Named& parameters() const = 0;
};

// `parameters` are stepped in their order. UsageError: a group that matches no parameter (with the nearest name), a
// value that torch.optim refuses too, a parameter that is not floating point, a name or a tensor given twice.
std::unique_ptr<Optimizer> make_optimizer(const recipe::Optimizer& options, Optimizer::Named parameters);

}  // namespace thalweg
