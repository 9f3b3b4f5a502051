#include "thalweg/optim/aten_step.h"

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <tuple>

namespace thalweg {
namespace {

using recipe::OptimizerKind;

// Tasks that one fused call can take: device, type, rate, decay, step.
using Bucket = std::tuple<std::string, at::ScalarType, double, double, std::int64_t>;

bool has_fused(const recipe::Optimizer& options, const at::Tensor& weight) {
  const bool device = weight.is_cpu() || weight.is_cuda();
  return device && options.kind != OptimizerKind::nadamw && options.kind != OptimizerKind::rmsprop;
}

std::vector<at::Tensor> gather(const std::vector<StepTask*>& tasks, at::Tensor StepTask::*member) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(tasks.size());
  for (const StepTask* task : tasks) {
    if ((task->*member).defined()) tensors.push_back(task->*member);
  }
  return tensors;
}

void fused_step(const recipe::Optimizer& options, const std::vector<StepTask*>& tasks) {
  const StepTask& any = *tasks.front();
  const auto weights = gather(tasks, &StepTask::weight);
  auto gradients = gather(tasks, &StepTask::gradient);
  const auto first = gather(tasks, &StepTask::first);
  if (any.clip != 1.0) gradients = at::_foreach_mul(gradients, any.clip);
  if (options.kind == OptimizerKind::sgd) {
    at::_fused_sgd_(weights, gradients, first, any.weight_decay, options.momentum, any.lr, /*dampening=*/0.0,
                    options.nesterov, /*maximize=*/false, /*is_first_step=*/false);
    return;
  }
  const auto second = gather(tasks, &StepTask::second);
  const auto count = at::full({}, static_cast<double>(any.count.steps), any.weight.options().dtype(at::kFloat));
  const std::vector<at::Tensor> counts(tasks.size(), count);
  const auto fused = [&](auto&& kernel) {
    kernel(weights, gradients, first, second, std::vector<at::Tensor>{}, counts, any.lr, options.beta1, options.beta2,
           any.weight_decay, options.eps, /*amsgrad=*/false, /*maximize=*/false);
  };
  if (options.kind == OptimizerKind::adam) {
    fused([](auto&&... arguments) { at::_fused_adam_(arguments...); });
  } else {
    fused([](auto&&... arguments) { at::_fused_adamw_(arguments...); });
  }
}

// step_kernel.h's rules, an operation at a time.
void elementwise_step(StepRule rule, const StepCoefficients& c, StepTask& task) {
  at::Tensor &w = task.weight, &m = task.first, &v = task.second;
  at::Tensor g = c.clip == 1.0 ? task.gradient : task.gradient * c.clip;
  if (c.decay != 0.0) g = g.add(w, c.decay);
  if (v.defined()) v.mul_(c.keep2).addcmul_(g, g, c.take2);
  switch (rule) {
    case StepRule::sgd:
      w.add_(g, -c.rate);
      break;
    case StepRule::momentum:
      m.mul_(c.keep1).add_(g);
      w.add_(c.nesterov ? g.add(m, c.keep1) : m, -c.rate);
      break;
    case StepRule::adam: {
      m.lerp_(g, c.take1);
      const at::Tensor root = v.sqrt().mul_(c.root_scale).add_(c.eps);
      w.mul_(c.shrink).addcdiv_(m, root, -c.rate);
      if (c.direct != 0.0) w.addcdiv_(g, root, -c.direct);
      break;
    }
    case StepRule::rmsprop:
      w.addcdiv_(g, v.sqrt().add_(c.eps), -c.rate);
      break;
    case StepRule::rmsprop_momentum:
      m.mul_(c.keep1).addcdiv_(g, v.sqrt().add_(c.eps));
      w.add_(m, -c.rate);
      break;
  }
}

at::Tensor flat(const at::Tensor& tensor) {
  return tensor.reshape(-1).to(tensor.is_mps() ? at::kFloat : at::kDouble);  // Apple's GPUs have no double
}

at::Tensor sums(const StepTask& task, const at::Tensor& old) {
  const at::Tensor g = flat(task.gradient), w = flat(task.weight), u = flat(task.weight - old);
  return at::stack({g.dot(g), w.dot(w), u.dot(u), g.dot(u)});
}

void write_sums(const std::vector<StepTask*>& tasks, const std::vector<at::Tensor>& old) {
  std::map<std::string, std::pair<std::vector<StepTask*>, std::vector<at::Tensor>>> by_device;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto& [owners, values] = by_device[tasks[i]->weight.device().str()];
    owners.push_back(tasks[i]);
    values.push_back(sums(*tasks[i], old[i]));
  }
  for (const auto& [device, entry] : by_device) {
    const at::Tensor host = at::stack(entry.second).to(at::kCPU).to(at::kDouble);
    const auto row = host.accessor<double, 2>();
    for (std::size_t i = 0; i < entry.first.size(); ++i) {
      const auto s = row[static_cast<std::int64_t>(i)];
      entry.first[i]->sums = {.gradient_sq = s[0], .weight_sq = s[1], .update_sq = s[2], .gradient_update = s[3]};
    }
  }
}

}  // namespace

void aten_step(const recipe::Optimizer& options, const std::vector<StepTask*>& tasks) {
  if (tasks.empty()) return;
  std::vector<at::Tensor> old;
  std::map<Bucket, std::vector<StepTask*>> buckets;
  for (StepTask* task : tasks) {
    old.push_back(task->weight.clone());
    if (has_fused(options, task->weight)) {
      buckets[{task->weight.device().str(), task->weight.scalar_type(), task->lr, task->weight_decay,
               task->count.steps}]
          .push_back(task);
    } else {
      StepCoefficients c = coefficients(options, task->count, task->lr, task->weight_decay);
      c.clip = task->clip;
      elementwise_step(step_rule(options), c, *task);
    }
  }
  for (const auto& [key, bucket] : buckets) fused_step(options, bucket);
  write_sums(tasks, old);
}

double aten_gradient_sq(const std::vector<StepTask*>& tasks) {
  double sum = 0.0;
  for (const StepTask* task : tasks) {
    const at::Tensor g = flat(task->gradient);
    sum += g.dot(g).item<double>();
  }
  return sum;
}

}  // namespace thalweg
