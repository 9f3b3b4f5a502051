// What one AdamW step costs against the memory it must move: Thalweg's own kernel with its sums, ATen's fused kernel
// alone and with the same sums by separate calls, and torch::optim. One thread.
//
// `times_memory` is the time of a step over that of a memcpy that reads and writes as many bytes (seven floats an
// entry), measured in the same run just before.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <vector>

#include "thalweg/optim/optimizer.h"

namespace thalweg {
namespace {

constexpr double kRate = 1e-3;

struct Weights {
  std::vector<at::Tensor> weights, gradients, first, second;

  explicit Weights(const std::vector<std::vector<std::int64_t>>& shapes) {
    for (const auto& shape : shapes) {
      weights.push_back(at::randn(shape).requires_grad_());
      weights.back().mutable_grad() = at::randn(shape);
      gradients.push_back(weights.back().grad());
      first.push_back(at::zeros(shape));
      second.push_back(at::zeros(shape));
    }
  }
  std::int64_t entries() const {
    std::int64_t sum = 0;
    for (const at::Tensor& weight : weights) sum += weight.numel();
    return sum;
  }
};

// range(0): 0 the tensors of an MLP 784-512-512-10, 1 a thousand tensors of 64.
Weights weights_of(const benchmark::State& state) {
  if (state.range(0) == 0) return Weights({{512, 784}, {512}, {512, 512}, {512}, {10, 512}, {10}});
  return Weights(std::vector<std::vector<std::int64_t>>(1000, {64}));
}

double seconds(const std::chrono::steady_clock::duration& time) { return std::chrono::duration<double>(time).count(); }

template <class Work>
double timed(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  benchmark::ClobberMemory();
  return seconds(std::chrono::steady_clock::now() - start);
}

// Steps and copies take turns, so that both meet the same machine; the best of each counts.
template <class Step>
void run(benchmark::State& state, const Weights& weights, const Step& step) {
  at::set_num_threads(1);
  const std::size_t bytes = static_cast<std::size_t>(weights.entries()) * sizeof(float) * 7 / 2;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  double best_step = std::numeric_limits<double>::infinity(), best_copy = best_step;
  for (auto _ : state) {
    best_copy = std::min(best_copy, timed([&] { std::memcpy(to.data(), from.data(), bytes); }));
    const double time = timed(step);
    best_step = std::min(best_step, time);
    state.SetIterationTime(time);
  }
  state.counters["best_us"] = best_step * 1e6;
  state.counters["times_memory"] = best_step / best_copy;
}

void own(benchmark::State& state) {
  const Weights w = weights_of(state);
  Optimizer::Named named;
  for (std::size_t i = 0; i < w.weights.size(); ++i) named.emplace_back(std::to_string(i), w.weights[i]);
  const auto optimizer = make_optimizer({.lr = kRate, .weight_decay = 0.01}, named);
  run(state, w, [&] { benchmark::DoNotOptimize(optimizer->step(kRate).data()); });
}

void fused_step(const Weights& w, const std::vector<at::Tensor>& counts) {
  const at::NoGradGuard no_grad;
  at::_fused_adamw_(w.weights, w.gradients, w.first, w.second, std::vector<at::Tensor>{}, counts, kRate, 0.9, 0.999,
                    0.01, 1e-8, false, false);
}

void aten_fused(benchmark::State& state) {
  const Weights w = weights_of(state);
  const std::vector<at::Tensor> counts(w.weights.size(), at::full({}, 10.0f));
  run(state, w, [&] { fused_step(w, counts); });
}

void aten_fused_and_sums(benchmark::State& state) {
  const Weights w = weights_of(state);
  const std::vector<at::Tensor> counts(w.weights.size(), at::full({}, 10.0f));
  run(state, w, [&] {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> updates;
    for (const at::Tensor& weight : w.weights) updates.push_back(weight.detach().clone());
    fused_step(w, counts);
    for (std::size_t i = 0; i < updates.size(); ++i) updates[i].neg_().add_(w.weights[i]);
    benchmark::DoNotOptimize(at::_foreach_norm(w.gradients).data());
    benchmark::DoNotOptimize(at::_foreach_norm(w.weights).data());
    benchmark::DoNotOptimize(at::_foreach_norm(updates).data());
    for (std::size_t i = 0; i < updates.size(); ++i)
      benchmark::DoNotOptimize(w.gradients[i].flatten().dot(updates[i].flatten()));
  });
}

void torch_optim(benchmark::State& state) {
  const Weights w = weights_of(state);
  torch::optim::AdamW optimizer(w.weights, torch::optim::AdamWOptions(kRate));
  run(state, w, [&] { optimizer.step(); });
}

BENCHMARK(own)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond)->UseManualTime();
BENCHMARK(aten_fused)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond)->UseManualTime();
BENCHMARK(aten_fused_and_sums)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond)->UseManualTime();
BENCHMARK(torch_optim)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond)->UseManualTime();

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
