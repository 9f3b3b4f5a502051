// A small dense network trained on mini-batches of a teacher's labels, as a loop shows it to an instrument: every
// figure of it can be had by brute force in double.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

class SmallLoop {
 public:
  struct Options {
    std::vector<std::int64_t> widths{10, 12, 4};
    at::ScalarType type = at::kFloat;
    bool relu = false;  // else tanh
    bool adam = false;  // else momentum
    double rate = 0.1;
    double momentum = 0.0;
    double loss_scale = 1.0;
    std::int64_t rows = 32;
    std::uint64_t seed = 1;
  };

  explicit SmallLoop(Options options)
      : o(std::move(options)), generator_(at::make_generator<at::CPUGeneratorImpl>(o.seed)) {
    for (std::size_t layer = 0; layer + 1 < o.widths.size(); ++layer) {
      const std::int64_t in = o.widths[layer], out = o.widths[layer + 1];
      teacher_.push_back(normal({out, in}));
      const double gain = o.relu ? std::sqrt(2.0) : 1.0;
      weights.push_back((normal({out, in}) * (gain / std::sqrt(static_cast<double>(in)))).to(o.type).requires_grad_());
      weights.push_back(at::zeros({out}, o.type).requires_grad_());
    }
    for (const at::Tensor& w : weights) {
      first_.push_back(at::zeros_like(w.detach()));
      second_.push_back(at::zeros_like(w.detach()));
    }
  }

  // The next batch, its graph and its gradient: what an instrument sees before the update.
  Step& forward() {
    x = normal({o.rows, o.widths.front()});
    y = teacher(x).argmax(1);
    const at::Tensor losses = rows(weights, x, y);
    graph = std::make_unique<StepGraph>(losses.mean(), weights);
    step = {.index = steps_, .learning_rate = o.rate, .loss = 0.0, .rows = o.rows, .parameters = weights};
    step.objective = step.loss = mean(losses);
    const double epsilon = o.type == at::kFloat ? 0x1p-23 : 0x1p-52;
    step.objective_error = epsilon * o.loss_scale *
                           (step.objective / o.loss_scale + largest_output_ / std::sqrt(static_cast<double>(o.rows)));
    step.graph = graph.get();
    gradient = torch::autograd::grad({losses.mean()}, weights, {}, /*retain_graph=*/true);
    before.clear();
    for (const at::Tensor& w : weights) before.push_back(w.detach().clone());
    step.gradient = [this]() -> const std::vector<at::Tensor>& { return gradient; };
    step.gradient_at = [this](const std::vector<at::Tensor>& at) { return gradient_of(at, x, y); };
    step.scopes = {};
    return step;
  }

  // The optimizer's step, and what can be seen after it.
  Step& move() {
    const c10::NoGradGuard no_graph;
    ++steps_;
    update.clear();
    graph->keep_weights(before);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i].mutable_grad() = gradient[i];
      weights[i].add_(direction(i), -o.rate);
      update.push_back(weights[i].detach() - before[i]);
    }
    step.before = before;
    step.update = [this]() -> const std::vector<at::Tensor>& { return update; };
    step.loss_along = [this](double t) { return loss_at(t, o.type); };
    return step;
  }

  // L(θ + t u), with the network in the given type.
  double loss_at(double t, at::ScalarType type) const {
    const c10::NoGradGuard no_graph;
    std::vector<at::Tensor> at;
    for (std::size_t i = 0; i < weights.size(); ++i) at.push_back((before[i].to(type) + t * update[i].to(type)));
    return mean(rows(at, x, y));
  }

  // v'Hv on this batch in double, at the weights before the update.
  double curvature(const std::vector<at::Tensor>& v) const {
    return dot(wide(v), wide_graph().hessian_vector_product(wide(v)));
  }
  // The whole H in double, [p, p].
  at::Tensor hessian() const {
    const RetainedGradient g = wide_graph();
    const std::vector<at::Tensor> shapes = wide(before);
    std::int64_t p = 0;
    for (const at::Tensor& w : shapes) p += w.numel();
    std::vector<at::Tensor> columns;
    for (std::int64_t i = 0; i < p; ++i) {
      at::Tensor e = at::zeros({p}, at::kDouble);
      e[i] = 1.0;
      columns.push_back(flat(g.hessian_vector_product(split(e, shapes))));
    }
    const at::Tensor h = at::stack(columns);
    return 0.5 * (h + h.t());
  }

  static at::Tensor flat(const std::vector<at::Tensor>& list) {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& t : list) parts.push_back(t.detach().reshape(-1));
    return at::cat(parts);
  }
  static std::vector<at::Tensor> split(const at::Tensor& v, const std::vector<at::Tensor>& shapes) {
    std::vector<at::Tensor> result;
    std::int64_t first = 0;
    for (const at::Tensor& s : shapes) {
      result.push_back(v.narrow(0, first, s.numel()).view(s.sizes()));
      first += s.numel();
    }
    return result;
  }
  static std::vector<at::Tensor> wide(const std::vector<at::Tensor>& list) {
    std::vector<at::Tensor> result;
    for (const at::Tensor& t : list) result.push_back(t.detach().to(at::kDouble));
    return result;
  }
  std::vector<at::Tensor> gradient_of(const std::vector<at::Tensor>& at, const at::Tensor& inputs,
                                      const at::Tensor& labels) const {
    std::vector<at::Tensor> leaves;
    for (const at::Tensor& w : at) leaves.push_back(w.detach().clone().requires_grad_());
    return torch::autograd::grad({rows(leaves, inputs, labels).mean()}, leaves);
  }
  std::pair<at::Tensor, at::Tensor> draw(std::int64_t count) {
    const at::Tensor inputs = normal({count, o.widths.front()});
    return {inputs, teacher(inputs).argmax(1)};
  }

  Options o;
  std::vector<at::Tensor> weights, before, update, gradient;
  at::Tensor x, y;
  std::unique_ptr<StepGraph> graph;
  Step step;

 private:
  at::Tensor normal(std::vector<std::int64_t> shape) { return at::randn(shape, generator_, at::kDouble); }

  at::Tensor teacher(at::Tensor h) const {
    for (const at::Tensor& w : teacher_) h = at::tanh(at::mm(h, w.t()));
    return h;
  }

  // Each row's loss.
  at::Tensor rows(const std::vector<at::Tensor>& at, const at::Tensor& inputs, const at::Tensor& labels) const {
    at::Tensor h = inputs.to(at.front().scalar_type());
    for (std::size_t i = 0; i < at.size(); i += 2) {
      if (i > 0) h = o.relu ? at::relu(h) : at::tanh(h);
      h = at::addmm(at[i + 1], h, at[i].t());
    }
    largest_output_ = h.detach().abs().max().item<double>();
    const at::Tensor losses = at::cross_entropy_loss(h, labels, {}, at::Reduction::None);
    return o.loss_scale == 1.0 ? losses : losses * o.loss_scale;
  }
  static double mean(const at::Tensor& losses) { return losses.detach().to(at::kDouble).mean().item<double>(); }

  at::Tensor direction(std::size_t i) {
    const at::Tensor& g = gradient[i];
    first_[i].mul_(o.adam ? 0.9 : o.momentum).add_(g, o.adam ? 0.1 : 1.0);
    if (!o.adam) return first_[i];
    second_[i].mul_(0.999).addcmul_(g, g, 0.001);
    const auto n = static_cast<double>(steps_);
    return first_[i] / (1.0 - std::pow(0.9, n)) / ((second_[i] / (1.0 - std::pow(0.999, n))).sqrt() + 1e-8);
  }

  RetainedGradient wide_graph() const {
    std::vector<at::Tensor> leaves;
    for (const at::Tensor& w : before) leaves.push_back(w.to(at::kDouble).requires_grad_());
    return RetainedGradient(rows(leaves, x, y).mean(), leaves);
  }

  at::Generator generator_;
  std::vector<at::Tensor> teacher_, first_, second_;
  std::int64_t steps_ = 0;
  mutable double largest_output_ = 0.0;
};

}  // namespace thalweg
