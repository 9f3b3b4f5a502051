// What may be known of an optimizer that somebody else steps with: instruments ask, nothing is changed.
//
// With ε = learning_rate() the step is −ε P⁻¹ (…), P diagonal and positive; its stability limit is that of
// λmax(P⁻¹(H + added_curvature·I)) (optim/stability.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "thalweg/optim/stability.h"

namespace thalweg {

class OptimizerView {
 public:
  virtual ~OptimizerView() = default;
  virtual std::string name() const = 0;         // "adamw", "torch.optim.AdamW"
  virtual double learning_rate() const = 0;     // ε of the step to come: of the first group; NaN where it has none
  virtual std::vector<bool> steps() const = 0;  // one a parameter: whether this optimizer steps it
  virtual bool repeats_closure() const { return false; }  // as LBFGS: several losses and gradients a step
  // Of the step to come. Nothing where no limit is known: why() then says why.
  virtual std::optional<StabilityLimit> stability_limit() const = 0;
  virtual std::string why() const { return ""; }  // "no limit is known of torch.optim.Adadelta"
  // One a parameter, of its shape; infinity: frozen; undefined: the identity over the group's share of the rate is not
  // known yet, as before an adaptive optimizer's first step. Empty: P is not known at all.
  virtual std::vector<at::Tensor> preconditioner() const = 0;
  // v̂, the bias-corrected average of g² that adaptive optimizers divide by the root of; undefined where there is none.
  virtual std::vector<at::Tensor> second_moments() const = 0;
};

}  // namespace thalweg
