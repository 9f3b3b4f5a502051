#include "thalweg/train/initial_rate.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "thalweg/optim/optimizer.h"
#include "thalweg/train/gradients_kept.h"
#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

// Bits of weights put back when it goes.
class WeightsKept {
 public:
  explicit WeightsKept(const std::vector<at::Tensor>& parameters) : parameters_(parameters) {
    for (const at::Tensor& p : parameters) kept_.push_back(p.detach().clone());
  }
  ~WeightsKept() { put_back(); }
  WeightsKept(const WeightsKept&) = delete;
  WeightsKept& operator=(const WeightsKept&) = delete;
  void move_by(const std::vector<at::Tensor>& update) {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (update[i].defined()) parameters_[i].detach().add_(update[i]);
    }
  }
  void put_back() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].detach().copy_(kept_[i]);
  }

 private:
  const std::vector<at::Tensor>& parameters_;
  std::vector<at::Tensor> kept_;
};

double dot(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].defined() && b[i].defined()) {
      sum += (a[i].detach().to(at::kDouble) * b[i].detach().to(at::kDouble)).sum().item<double>();
    }
  }
  return sum;
}

struct OneBatch {
  double critical = std::numeric_limits<double>::quiet_NaN();
  std::string reason;
};

class Search {
 public:
  Search(const RateProblem& problem, const InitialRateOptions& options, int batch)
      : problem_(problem), options_(options), batch_(batch) {}

  OneBatch run() {
    const double start = loss();
    if (!std::isfinite(start)) return {.reason = "the loss is not finite before the first step"};
    gradient_ = problem_.gradient(batch_);
    const double slope = -dot(gradient_, problem_.update(gradient_, 1.0));  // of L along u(ε), by ε
    if (!std::isfinite(slope)) return {.reason = "the gradient is not finite"};
    if (slope == 0.0) return {.reason = "the gradient is zero: the start is flat"};
    if (slope < 0.0) return {.reason = "the first update leads uphill to first order"};
    floor_ = start + problem_.rounding * std::abs(start);
    return bracket(options_.first_gain * std::max(std::abs(start), 1e-30) / slope);
  }
  std::int64_t forwards() const { return forwards_; }

 private:
  double loss() {
    ++forwards_;
    const torch::NoGradGuard no_grad;
    return problem_.loss(batch_);
  }
  bool rises(double rate) {
    WeightsKept weights(problem_.parameters);
    weights.move_by(problem_.update(gradient_, rate));
    return !(loss() <= floor_);  // what is not finite has risen
  }
  OneBatch bracket(double rate) {
    double low = rate, high = rate;
    if (rises(rate)) {
      for (int i = 0; rises(low = high / 2.0); ++i) {
        high = low;
        if (i >= 20) return {.reason = "no step along the first update descends, however short"};
      }
    } else {
      for (int i = 0; !rises(high = low * 2.0); ++i) {
        low = high;
        if (i >= options_.most_doublings) return {.reason = "the loss never rises along the first update"};
      }
    }
    while (high > options_.ratio * low) {
      const double middle = std::sqrt(low * high);
      (rises(middle) ? high : low) = middle;
    }
    return {.critical = low};
  }

  const RateProblem& problem_;
  const InitialRateOptions& options_;
  int batch_;
  std::vector<at::Tensor> gradient_;
  double floor_ = 0.0;
  std::int64_t forwards_ = 0;
};

}  // namespace

InitialRate initial_rate(const RateProblem& problem, const InitialRateOptions& options) {
  InitialRate result;
  for (int batch = 0; batch < options.batches; ++batch) {
    Search search(problem, options, batch);
    const OneBatch one = search.run();
    result.forwards += search.forwards();
    if (!one.reason.empty()) {
      result.reason = one.reason;
      return result;
    }
    result.critical.push_back(one.critical);
  }
  const auto [low, high] = std::ranges::minmax(result.critical);
  result.low = low;
  result.high = high;
  if (high > options.widest * low) {
    result.reason = fmt::format("batches disagree: one rises at {:.2g}, another not before {:.2g}", low, high);
    return result;
  }
  result.recommended = options.share * (1.0 - problem.momentum) * low;
  return result;
}

InitialRate initial_rate(Workbench& bench, const InitialRateOptions& options) {
  const std::int64_t rows = bench.data.train->rows(), size = bench.recipe.batch.size;
  const std::vector<Batch> batches =
      bench.sample_batches(options.batches, size > 0 ? std::min(size * bench.recipe.batch.accumulate, rows) : rows);
  const auto optimizer = make_optimizer(bench.recipe.optimizer, bench.network->parameters());
  const at::Tensor random = bench.network->random() ? random_state() : at::Tensor();
  const auto value = [&](int k) {
    const Batch& batch = batches[static_cast<std::size_t>(k)];
    if (random.defined()) set_random_state(random);
    return bench.objective(bench.network->forward(batch.inputs), batch.targets);
  };
  const Undisturbed undisturbed(*bench.network);
  const GradientsKept gradients(bench.parameters);
  RateProblem problem{.parameters = bench.parameters};
  problem.loss = [&](int k) {
    const Undisturbed again(*bench.network);  // running statistics of one forward do not reach the next
    return bench.objective.exact(value(k));
  };
  problem.gradient = [&](int k) {
    return torch::autograd::grad({value(k).total}, bench.parameters, {}, {}, false, true);
  };
  problem.update = [&](const std::vector<at::Tensor>& gradient, double rate) {
    for (std::size_t i = 0; i < gradient.size(); ++i) bench.parameters[i].mutable_grad() = gradient[i];
    return optimizer->preview(rate);
  };
  const bool adds_up = bench.recipe.optimizer.kind == recipe::OptimizerKind::sgd ||
                       bench.recipe.optimizer.kind == recipe::OptimizerKind::rmsprop;
  if (adds_up) problem.momentum = bench.recipe.optimizer.momentum;
  return initial_rate(problem, options);
}

}  // namespace thalweg
