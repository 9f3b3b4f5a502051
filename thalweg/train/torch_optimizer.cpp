#include "thalweg/train/torch_optimizer.h"

#include <c10/util/Exception.h>
#include <c10/util/Type.h>
#include <torch/optim.h>

#include <map>
#include <optional>
#include <string>
#include <typeinfo>
#include <unordered_map>
#include <utility>

#include "thalweg/optim/described_optimizer.h"

namespace thalweg {
namespace {

using torch::optim::OptimizerOptions;
using torch::optim::OptimizerParamState;
using Options = std::map<std::string, double>;
using Numbers = std::unordered_map<const c10::TensorImpl*, std::vector<std::size_t>>;  // a shared tensor has several

Numbers numbers_of(const std::vector<at::Tensor>& parameters) {
  Numbers numbers;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    numbers[parameters[i].unsafeGetTensorImpl()].push_back(i);
  }
  return numbers;
}

// The class, where it is torch's own and no subclass: that may step otherwise.
std::optional<std::string> own_kind(const torch::optim::Optimizer& optimizer) {
  const std::type_info& type = typeid(optimizer);
  if (type == typeid(torch::optim::SGD)) return "SGD";
  if (type == typeid(torch::optim::Adam)) return "Adam";
  if (type == typeid(torch::optim::AdamW)) return "AdamW";
  if (type == typeid(torch::optim::RMSprop)) return "RMSprop";
  if (type == typeid(torch::optim::Adagrad)) return "Adagrad";
  if (type == typeid(torch::optim::LBFGS)) return "LBFGS";
  return std::nullopt;
}

template <class Adam>
Options adam_options(const Adam& o) {
  const auto [beta1, beta2] = o.betas();
  return {
      {"lr", o.lr()},          {"beta1", beta1}, {"beta2", beta2}, {"eps", o.eps()}, {"weight_decay", o.weight_decay()},
      {"amsgrad", o.amsgrad()}};
}

Options options_of(const OptimizerOptions& options) {
  using namespace torch::optim;
  if (const auto* o = dynamic_cast<const SGDOptions*>(&options)) {
    return {{"lr", o->lr()},
            {"momentum", o->momentum()},
            {"dampening", o->dampening()},
            {"weight_decay", o->weight_decay()},
            {"nesterov", o->nesterov()}};
  }
  if (const auto* o = dynamic_cast<const AdamOptions*>(&options)) return adam_options(*o);
  if (const auto* o = dynamic_cast<const AdamWOptions*>(&options)) return adam_options(*o);
  if (const auto* o = dynamic_cast<const RMSpropOptions*>(&options)) {
    return {{"lr", o->lr()},
            {"alpha", o->alpha()},
            {"eps", o->eps()},
            {"weight_decay", o->weight_decay()},
            {"momentum", o->momentum()},
            {"centered", o->centered()}};
  }
  if (const auto* o = dynamic_cast<const AdagradOptions*>(&options)) {
    return {{"lr", o->lr()},
            {"lr_decay", o->lr_decay()},
            {"eps", o->eps()},
            {"weight_decay", o->weight_decay()},
            {"initial_accumulator_value", o->initial_accumulator_value()}};
  }
  return {{"lr", options.get_lr()}};
}

template <class Adam>
DescribedState adam_state(const Adam& s) {
  return {.steps = static_cast<double>(s.step()),
          .tensors = {{"exp_avg_sq", s.exp_avg_sq()}, {"max_exp_avg_sq", s.max_exp_avg_sq()}}};
}

DescribedState state_of(const OptimizerParamState& state) {
  using namespace torch::optim;
  if (const auto* s = dynamic_cast<const AdamParamState*>(&state)) return adam_state(*s);
  if (const auto* s = dynamic_cast<const AdamWParamState*>(&state)) return adam_state(*s);
  if (const auto* s = dynamic_cast<const RMSpropParamState*>(&state)) {
    return {.steps = static_cast<double>(s->step()),
            .tensors = {{"square_avg", s->square_avg()}, {"grad_avg", s->grad_avg()}}};
  }
  if (const auto* s = dynamic_cast<const AdagradParamState*>(&state)) {
    return {.steps = static_cast<double>(s->step()), .tensors = {{"sum", s->sum()}}};
  }
  return {};
}

// Options of other classes may know no rate, and then throw, which is dear: asked once.
bool says_rate(const torch::optim::Optimizer& optimizer) {
  try {
    for (const auto& group : optimizer.param_groups()) options_of(group.options());
    return true;
  } catch (const c10::Error&) {
    return false;
  }
}

class TorchOptimizer {
 public:
  TorchOptimizer(torch::optim::Optimizer& optimizer, std::vector<at::Tensor> parameters)
      : optimizer_(optimizer),
        parameters_(std::move(parameters)),
        numbers_(numbers_of(parameters_)),
        kind_(own_kind(optimizer)),
        says_rate_(says_rate(optimizer)) {}

  Description describe() const {
    Description d{.module = kind_ ? "torch::optim" : "",
                  .kind = kind_ ? *kind_ : c10::demangle(typeid(optimizer_).name()),
                  .parameters = parameters_.size(),
                  .repeats_closure = dynamic_cast<const torch::optim::LBFGS*>(&optimizer_) != nullptr};
    for (const auto& group : std::as_const(optimizer_).param_groups()) {
      DescribedGroup described{.options = says_rate_ ? options_of(group.options()) : Options{}};
      for (const at::Tensor& parameter : group.params()) {
        const auto found = numbers_.find(parameter.unsafeGetTensorImpl());
        if (found == numbers_.end()) continue;
        described.parameters.insert(described.parameters.end(), found->second.begin(), found->second.end());
      }
      d.groups.push_back(std::move(described));
    }
    return d;
  }

  DescribedState state(std::size_t parameter) const {
    const auto& states = std::as_const(optimizer_).state();
    const auto found = states.find(parameters_.at(parameter).unsafeGetTensorImpl());
    return found == states.end() ? DescribedState{} : state_of(*found->second);
  }

  const std::vector<at::Tensor>& parameters() const { return parameters_; }

 private:
  torch::optim::Optimizer& optimizer_;
  std::vector<at::Tensor> parameters_;
  Numbers numbers_;
  std::optional<std::string> kind_;
  bool says_rate_;
};

}  // namespace

std::unique_ptr<OptimizerView> view_of(torch::optim::Optimizer& optimizer, const std::vector<at::Tensor>& parameters) {
  const auto read = std::make_shared<const TorchOptimizer>(optimizer, parameters);
  return std::make_unique<DescribedOptimizer>(
      DescribedOptimizer::Source{.describe = [read] { return read->describe(); },
                                 .state = [read](std::size_t parameter) { return read->state(parameter); },
                                 .parameters = read->parameters()});
}

Mismatch mismatch(const torch::optim::Optimizer& optimizer, const std::vector<at::Tensor>& parameters) {
  const Numbers numbers = numbers_of(parameters);
  std::vector<bool> stepped(parameters.size(), false);
  Mismatch found;
  for (const auto& group : optimizer.param_groups()) {
    for (const at::Tensor& parameter : group.params()) {
      const auto watched = numbers.find(parameter.unsafeGetTensorImpl());
      if (watched == numbers.end()) {
        found.unwatched.push_back(parameter);
      } else {
        for (const std::size_t i : watched->second) stepped[i] = true;
      }
    }
  }
  for (std::size_t i = 0; i < stepped.size(); ++i) {
    if (!stepped[i]) found.unstepped.push_back(i);
  }
  return found;
}

}  // namespace thalweg
