// What programs on Watch share: a small network and its batches, runs with a watch and without, bits compared.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "thalweg/train/watch.h"

namespace thalweg::programs {

using Tensors = std::vector<at::Tensor>;

inline constexpr int kSteps = 12;

inline torch::nn::Sequential small_network(int in = 6, int out = 3) {
  torch::nn::Sequential network(torch::nn::Linear(in, 10), torch::nn::Tanh(), torch::nn::Linear(10, out));
  network->to(torch::kDouble);
  return network;
}

struct Rows {
  at::Tensor x, y;
};

inline Rows batch(int number, std::int64_t rows = 8) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(100 + number);
  const at::Tensor x = at::randn({rows, 6}, generator, at::kDouble);
  return {x, x.abs().narrow(1, 0, 3).argmax(1)};
}

inline at::Tensor loss_of(torch::nn::Sequential& network, const Rows& rows) {
  return torch::cross_entropy_loss(network->forward(rows.x), rows.y);
}

inline double squared_norm(const Tensors& tensors) {
  double sum = 0.0;
  for (const at::Tensor& t : tensors) {
    if (t.defined()) sum += t.detach().square().sum().item<double>();
  }
  return sum;
}

inline Tensors gradients(const Tensors& parameters) {
  Tensors result;
  for (const at::Tensor& p : parameters) result.push_back(p.grad().defined() ? p.grad().clone() : at::Tensor());
  return result;
}

// Every instrument on each step; with none of it where the program runs plainly.
inline WatchOptions every_step() {
  return {.cadence = 1, .instruments = {"all"}, .warn = [](const std::string&) {}};
}

// A program's calls, with a watch or without.
struct Calls {
  Watch* watch = nullptr;
  torch::optim::Optimizer* optimizer = nullptr;
  void backward(const at::Tensor& loss, const Watch::Closure& closure = {}) const {
    watch != nullptr ? watch->backward(loss, closure) : loss.backward();
  }
  void step() const { watch != nullptr ? watch->step() : static_cast<void>(optimizer->step()); }
  at::Tensor step(const Watch::Closure& closure) const {
    return watch != nullptr ? watch->step(closure) : optimizer->step(closure);
  }
};

// The whole program: makes its network and optimizer from a fixed seed, trains, and gives all that it leaves behind.
template <class Program>
void expect_same_bits(const Program& program) {
  const Tensors plain = program(false), watched = program(true);
  ASSERT_EQ(plain.size(), watched.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    ASSERT_EQ(plain[i].defined(), watched[i].defined()) << i;
    if (plain[i].defined()) {
      const at::Tensor a = plain[i].contiguous(), b = watched[i].contiguous();
      ASSERT_EQ(std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()), 0) << "tensor " << i;
    }
  }
}

inline Tensors left_behind(const Tensors& parameters) {
  Tensors all = gradients(parameters);
  for (const at::Tensor& p : parameters) all.push_back(p.detach().clone());
  all.push_back(at::globalContext().defaultGenerator(at::kCPU).get_state());
  return all;
}

inline std::vector<double> values(const Watch& watch, Quantity quantity, Scope scope = kWholeModel) {
  std::vector<double> result;
  for (const Point& point : watch.history().series(quantity, scope)) result.push_back(point.value);
  return result;
}

inline double last(const Watch& watch, Quantity quantity) {
  const auto all = values(watch, quantity);
  return all.empty() ? std::nan("") : all.back();
}

}  // namespace thalweg::programs
