// The steps of torch.optim's optimizers, as formulas over a group's options and a parameter's state.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "thalweg/optim/described_optimizer.h"
#include "thalweg/optim/stability.h"

namespace thalweg {

enum class KnownOptimizer { sgd, rmsprop, adam, adamw, nadam, radam, adagrad };

// By class, where it is torch's own.
std::optional<KnownOptimizer> known_optimizer(std::string_view module, std::string_view kind);

// A group's options: required("lr") is a UsageError where it is absent, optional("momentum") then 0.
class OptionReader {
 public:
  explicit OptionReader(const std::map<std::string, double>& options) : options_(options) {}
  double required(const std::string& name) const;
  double optional(const std::string& name) const;
  bool flag(const std::string& name) const { return optional(name) != 0.0; }

 private:
  const std::map<std::string, double>& options_;
};

// How far a parameter has come.
struct StepsMade {
  double steps = 0.0;
  double mu_product = 1.0;
};

// Whether weight decay shrinks the weights, or is added to the gradient.
bool decouples_decay(KnownOptimizer kind, const OptionReader& options);

// The step to come, its P taken out, at the rate `rate`; weight decay goes with the group's own.
StepRecursion recursion(KnownOptimizer kind, const OptionReader& options, double rate, const StepsMade& made);

// What the step divides by the root of, corrected for its start; undefined where there is none (yet). Adagrad's sum is
// no average, and is none.
at::Tensor second_moment(KnownOptimizer kind, const OptionReader& options, const DescribedState& state);

// P of the step to come for v as it stands, the group's rate taken as ε; undefined where v is not there yet.
at::Tensor diagonal(KnownOptimizer kind, const OptionReader& options, const DescribedState& state,
                    const at::Tensor& weight);

struct LimitWords {
  std::string optimizer, formula, source;
};
LimitWords limit_words(KnownOptimizer kind, const OptionReader& options);

}  // namespace thalweg
