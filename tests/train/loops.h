// Training loops of somebody's own, on networks of each common kind: with a watch and without.
#pragma once

#include <torch/torch.h>

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/train/watch.h"

namespace thalweg::loops {

// A network for sequences [rows, 8, 6], five classes.
struct Network : torch::nn::Module {
  virtual at::Tensor forward(const at::Tensor& x) = 0;
};

struct Mlp : Network {
  torch::nn::Linear a{48, 32}, b{32, 5};
  Mlp() {
    register_module("a", a);
    register_module("b", b);
  }
  at::Tensor forward(const at::Tensor& x) override { return b(torch::tanh(a(x.flatten(1)))); }
};

struct Conv : Network {
  torch::nn::Conv2d a{torch::nn::Conv2dOptions(1, 6, 3).padding(1)};
  torch::nn::BatchNorm2d norm{6};
  torch::nn::Dropout drop{0.2};
  torch::nn::Linear b{72, 5};
  Conv() {
    register_module("a", a);
    register_module("norm", norm);
    register_module("drop", drop);
    register_module("b", b);
  }
  at::Tensor forward(const at::Tensor& x) override {
    const at::Tensor h = torch::max_pool2d(torch::relu(norm(a(x.unsqueeze(1)))), 2);
    return b(drop(h.flatten(1)));
  }
};

struct Lstm : Network {
  torch::nn::LSTM a{torch::nn::LSTMOptions(6, 12).batch_first(true)};
  torch::nn::Linear b{12, 5};
  Lstm() {
    register_module("a", a);
    register_module("b", b);
  }
  at::Tensor forward(const at::Tensor& x) override { return b(std::get<0>(a(x)).select(1, 7)); }
};

struct Transformer : Network {
  torch::nn::Linear in{6, 16};
  torch::nn::TransformerEncoder body{torch::nn::TransformerEncoderOptions(
      torch::nn::TransformerEncoderLayerOptions(16, 4).dim_feedforward(32).dropout(0.1), 2)};
  torch::nn::Linear out{16, 5};
  Transformer() {
    register_module("in", in);
    register_module("body", body);
    register_module("out", out);
  }
  at::Tensor forward(const at::Tensor& x) override { return out(body(in(x).transpose(0, 1)).mean(0)); }
};

inline std::shared_ptr<Network> network(const std::string& kind) {
  if (kind == "mlp") return std::make_shared<Mlp>();
  if (kind == "conv") return std::make_shared<Conv>();
  if (kind == "lstm") return std::make_shared<Lstm>();
  return std::make_shared<Transformer>();
}

inline std::unique_ptr<torch::optim::Optimizer> optimizer(const std::string& kind,
                                                          const std::vector<at::Tensor>& parameters) {
  if (kind == "sgd") return std::make_unique<torch::optim::SGD>(parameters, torch::optim::SGDOptions(0.05));
  if (kind == "momentum")
    return std::make_unique<torch::optim::SGD>(parameters, torch::optim::SGDOptions(0.02).momentum(0.9));
  if (kind == "adam") return std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(2e-3));
  return std::make_unique<torch::optim::AdamW>(parameters, torch::optim::AdamWOptions(2e-3));
}

// Batches of a task that can be learnt, from a generator of their own.
struct Batches {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  at::Tensor teacher = at::randn({48, 5}, generator);
  std::pair<at::Tensor, at::Tensor> next(std::int64_t rows = 16) {
    const at::Tensor x = at::randn({rows, 8, 6}, generator);
    return {x, x.flatten(1).mm(teacher).argmax(1)};
  }
};

struct Loop {
  std::string network = "mlp", optimizer = "sgd";
  int steps = 300;
  bool closure = true;
};

// All bits that training leaves behind: weights, buffers, state of the optimizer, random stream, the last gradients.
struct Bits {
  std::vector<at::Tensor> tensors;
  bool operator==(const Bits& other) const {
    if (tensors.size() != other.tensors.size()) return false;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const at::Tensor a = tensors[i].contiguous(), b = other.tensors[i].contiguous();
      if (a.nbytes() != b.nbytes() || std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) != 0)
        return false;
    }
    return true;
  }
};

inline std::vector<at::Tensor> tensors_of(const torch::optim::OptimizerParamState& state) {
  if (const auto* sgd = dynamic_cast<const torch::optim::SGDParamState*>(&state)) return {sgd->momentum_buffer()};
  if (const auto* adam = dynamic_cast<const torch::optim::AdamParamState*>(&state)) {
    return {adam->exp_avg(), adam->exp_avg_sq(), at::scalar_tensor(adam->step())};
  }
  const auto& adamw = dynamic_cast<const torch::optim::AdamWParamState&>(state);
  return {adamw.exp_avg(), adamw.exp_avg_sq(), at::scalar_tensor(adamw.step())};
}

inline Bits bits_of(Network& network, torch::optim::Optimizer& optimizer) {
  Bits bits;
  for (const at::Tensor& p : network.parameters()) {
    bits.tensors.push_back(p.detach().clone());
    if (p.grad().defined()) bits.tensors.push_back(p.grad().clone());
  }
  for (const at::Tensor& b : network.buffers()) bits.tensors.push_back(b.clone());
  for (const at::Tensor& p : network.parameters()) {
    const auto found = optimizer.state().find(p.unsafeGetTensorImpl());
    if (found == optimizer.state().end()) continue;
    for (const at::Tensor& t : tensors_of(*found->second)) bits.tensors.push_back(t);
  }
  bits.tensors.push_back(at::globalContext().defaultGenerator(at::kCPU).get_state());
  return bits;
}

using See = std::function<void(Watch&)>;

// Without options: the plain loop.
inline Bits run(
    const Loop& loop, const std::optional<WatchOptions>& options, const See& see = [](Watch&) {}) {
  torch::manual_seed(11);
  const auto net = network(loop.network);
  const auto stepper = optimizer(loop.optimizer, net->parameters());
  std::optional<Watch> watch;
  if (options) {
    WatchOptions own = *options;
    own.buffers = net->buffers();
    watch.emplace(net->named_parameters(), *stepper, own);
  }
  Batches batches;
  for (int k = 0; k < loop.steps; ++k) {
    const auto [x, y] = batches.next();
    stepper->zero_grad();
    const auto loss = [&net, x = x, y = y] { return torch::cross_entropy_loss(net->forward(x), y); };
    if (watch) {
      watch->backward(loss(), loop.closure ? Watch::Closure(loss) : Watch::Closure());
      watch->step();
    } else {
      loss().backward();
      stepper->step();
    }
  }
  if (watch) see(*watch);
  return bits_of(*net, *stepper);
}

}  // namespace thalweg::loops
