#include "thalweg/optim/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include "thalweg/optim/checks.h"
#include "thalweg/optim/groups.h"
#include "thalweg/optim/rule.h"
#include "thalweg/optim/stepper.h"

namespace thalweg {
namespace {

std::vector<std::string> names_of(const Optimizer::Named& parameters) {
  std::vector<std::string> names;
  for (const auto& [name, weight] : parameters) names.push_back(name);
  return names;
}

// One optimizer for all rules: parameters, their moments and counts.
class RuleOptimizer final : public Optimizer {
 public:
  RuleOptimizer(const recipe::Optimizer& options, Named parameters);

  const std::vector<StepSums>& step(double lr) override;
  std::vector<at::Tensor> preview(double lr) override;
  std::vector<at::Tensor> preconditioner() const override;
  void zero_grad() override;
  Named state() const override;
  void load(const Named& state) override;
  const Named& parameters() const override { return parameters_; }

 private:
  void collect(double lr);
  void clip();
  std::string moment_name(std::size_t i, std::string_view moment) const {
    return fmt::format("{}.{}", parameters_[i].first, moment);
  }

  recipe::Optimizer options_;
  Named parameters_;
  std::vector<ParameterOptions> own_;
  MomentNames moments_;
  std::vector<at::Tensor> first_;
  std::vector<at::Tensor> second_;
  std::vector<StepCount> counts_;
  Stepper stepper_;
  std::vector<StepTask> tasks_;  // of the step in hand; empty between steps
  std::vector<StepSums> sums_;
};

RuleOptimizer::RuleOptimizer(const recipe::Optimizer& options, Named parameters)
    : options_(options),
      parameters_(std::move(parameters)),
      own_(assign_groups(options, names_of(parameters_))),
      moments_(moment_names(step_rule(options))),
      counts_(parameters_.size()),
      stepper_(options),
      sums_(parameters_.size()) {
  for (const auto& [name, weight] : parameters_) {
    const auto zeros = [&, &tensor = weight](std::string_view moment) {
      return moment.empty() ? at::Tensor()
                            : at::zeros_like(tensor.detach(), tensor.options(), at::MemoryFormat::Contiguous);
    };
    first_.push_back(zeros(moments_.first));
    second_.push_back(zeros(moments_.second));
  }
}

// The tasks of a step at rate `lr`: what it reads, on the very tensors that it writes.
void RuleOptimizer::collect(double lr) {
  tasks_.clear();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& [name, weight] = parameters_[i];
    const at::Tensor& gradient = weight.grad();
    if (!gradient.defined()) continue;
    check_gradient(name, weight, gradient);
    tasks_.push_back({.index = i,
                      .weight = weight.contiguous(),
                      .gradient = gradient.contiguous(),
                      .first = first_[i],
                      .second = second_[i],
                      .lr = lr * own_[i].lr_factor,
                      .weight_decay = own_[i].weight_decay,
                      .count = next(options_, counts_[i]),
                      .sums = {}});
  }
  clip();
}

// torch.nn.utils.clip_grad_norm_: a norm that is not finite makes the step so too.
void RuleOptimizer::clip() {
  if (options_.clip_norm <= 0.0) return;
  const double factor = options_.clip_norm / (std::sqrt(stepper_.gradient_sq(tasks_)) + 1e-6);
  for (StepTask& task : tasks_) task.clip = factor > 1.0 ? 1.0 : factor;
}

const std::vector<StepSums>& RuleOptimizer::step(double lr) {
  const at::NoGradGuard no_grad;
  collect(lr);
  stepper_.step(tasks_);
  sums_.assign(parameters_.size(), {});
  for (StepTask& task : tasks_) {
    at::Tensor& weight = parameters_[task.index].second;
    if (task.weight.is_same(weight)) {
      weight.unsafeGetTensorImpl()->bump_version();  // the kernel wrote behind autograd's back
    } else {
      weight.copy_(task.weight);
    }
    counts_[task.index] = task.count;
    sums_[task.index] = task.sums;
  }
  tasks_.clear();
  return sums_;
}

std::vector<at::Tensor> RuleOptimizer::preview(double lr) {
  const at::NoGradGuard no_grad;
  collect(lr);
  for (StepTask& task : tasks_) {
    task.weight = task.weight.clone();
    if (task.first.defined()) task.first = task.first.clone();
    if (task.second.defined()) task.second = task.second.clone();
  }
  stepper_.step(tasks_);
  std::vector<at::Tensor> updates(parameters_.size());
  for (StepTask& task : tasks_) updates[task.index] = task.weight.sub_(parameters_[task.index].second);
  for (std::size_t i = 0; i < updates.size(); ++i) {
    if (!updates[i].defined()) updates[i] = at::zeros_like(parameters_[i].second.detach());
  }
  tasks_.clear();
  return updates;
}

std::vector<at::Tensor> RuleOptimizer::preconditioner() const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> diagonals(parameters_.size());
  for (std::size_t i = 0; i < diagonals.size(); ++i) {
    const double factor = own_[i].lr_factor;
    if (!second_[i].defined()) {
      diagonals[i] = at::full_like(parameters_[i].second.detach(), 1.0 / factor);
    } else if (counts_[i].steps > 0) {
      const StepCoefficients c = coefficients(options_, counts_[i], /*lr=*/1.0, own_[i].weight_decay);
      diagonals[i] = second_[i].sqrt().mul_(c.root_scale).add_(c.eps).div_(factor);
    }
  }
  return diagonals;
}

void RuleOptimizer::zero_grad() {
  for (auto& [name, weight] : parameters_) weight.mutable_grad().reset();
}

Optimizer::Named RuleOptimizer::state() const {
  std::vector<std::int64_t> steps;
  std::vector<double> products;
  for (const StepCount& count : counts_) {
    steps.push_back(count.steps);
    products.push_back(count.mu_product);
  }
  Named state{{"step", at::tensor(steps, at::kLong)}};
  if (options_.kind == recipe::OptimizerKind::nadamw)
    state.emplace_back("mu_product", at::tensor(products, at::kDouble));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (first_[i].defined()) state.emplace_back(moment_name(i, moments_.first), first_[i].clone());
    if (second_[i].defined()) state.emplace_back(moment_name(i, moments_.second), second_[i].clone());
  }
  return state;
}

void RuleOptimizer::load(const Named& state) {
  const at::NoGradGuard no_grad;
  const std::map<std::string, at::Tensor> given = match_state(state, this->state());
  std::vector<StepCount> counts(counts_.size());
  const at::Tensor steps = given.at("step").cpu().contiguous();
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i].steps = steps.data_ptr<std::int64_t>()[i];
  if (const auto found = given.find("mu_product"); found != given.end()) {
    const at::Tensor products = found->second.cpu().contiguous();
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i].mu_product = products.data_ptr<double>()[i];
  }
  check_counts(counts);
  counts_ = counts;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (first_[i].defined()) first_[i].copy_(given.at(moment_name(i, moments_.first)));
    if (second_[i].defined()) second_[i].copy_(given.at(moment_name(i, moments_.second)));
  }
}

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const recipe::Optimizer& options, Optimizer::Named parameters) {
  check(options);
  check_parameters(parameters);
  return std::make_unique<RuleOptimizer>(options, std::move(parameters));
}

}  // namespace thalweg
