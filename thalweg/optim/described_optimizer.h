// An optimizer of somebody else, as its class name, options and state describe it: torch's own in C++ and Python, and
// what goes by their names. What follows from a description is the same wherever it was read.
//
// Of torch.optim's SGD, RMSprop, Adam, AdamW, NAdam, RAdam and Adagrad the step is known, and with it P and the
// stability limit (docs/optimizers.md has the table). The formulas are those of torch 2.13. Of all others nothing is
// claimed: a class of the same name from elsewhere may step otherwise.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "thalweg/optim/optimizer_view.h"

namespace thalweg {

// One parameter group. `options` by torch.optim's names, booleans as 0 and 1: "lr", "momentum", "dampening",
// "nesterov", "weight_decay", "beta1", "beta2", "eps", "alpha", "centered", "amsgrad", "decoupled_weight_decay",
// "momentum_decay", "lr_decay", "initial_accumulator_value", "maximize". Where one is absent it is 0, but for those
// without which there is no step: lr, betas, eps, alpha, momentum_decay.
struct DescribedGroup {
  std::map<std::string, double> options;
  std::vector<std::size_t> parameters;  // numbers of the watched parameters
};

// A parameter's state by torch.optim's names: "exp_avg_sq", "max_exp_avg_sq", "square_avg", "grad_avg", "sum".
struct DescribedState {
  double steps = 0.0;       // made
  double mu_product = 1.0;  // NAdam's
  std::map<std::string, at::Tensor> tensors;
};

struct Description {
  std::string module;          // "torch.optim.adamw", "torch::optim"; tells torch's own from namesakes
  std::string kind;            // the class: "AdamW"
  std::size_t parameters = 0;  // watched
  std::vector<DescribedGroup> groups;
  bool repeats_closure = false;
};

// Asks `describe` and `state` anew each time: options and state change as the run goes on.
//
// ε is the rate of the first group that steps a watched parameter at a rate other than 0. Groups with another have
// their share of it in P.
class DescribedOptimizer final : public OptimizerView {
 public:
  struct Source {
    std::function<Description()> describe;
    std::function<DescribedState(std::size_t parameter)> state;  // of a watched parameter; empty where it has none yet
    std::vector<at::Tensor> parameters;                          // the watched ones: P has their shapes
  };
  // UsageError: not as many parameters as are described.
  explicit DescribedOptimizer(Source source);

  std::string name() const override;
  double learning_rate() const override;
  std::vector<bool> steps() const override;
  bool repeats_closure() const override;
  // These three: UsageError where an option is missing that torch's own always has.
  std::optional<StabilityLimit> stability_limit() const override;
  std::string why() const override;
  std::vector<at::Tensor> preconditioner() const override;
  std::vector<at::Tensor> second_moments() const override;

 private:
  Source source_;
};

}  // namespace thalweg
