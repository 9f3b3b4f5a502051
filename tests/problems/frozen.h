// The frozen curvature problems P1 to P4 in tests/problems/curvature/: weights, one batch, and what is known of their
// Hessians in float64 (reference.json). problem.json says how they were made.
//   P1 MLP 784-128-64-10 tanh, Fashion-MNIST      P2 conv net with relu and max-pooling
//   P3 small causal character transformer         P4 a saddle: a 6-unit minimum embedded in 8 units
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "thalweg/data/safetensors.h"
#include "thalweg/spectral/hessian.h"

namespace thalweg::problems {

// The networks are written with torch's plain operations, as problems.py has them: what anybody's own would be.
struct Frozen {
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;  // leaves, in the order of problem.json
  at::Tensor inputs, targets;
  std::function<at::Tensor(const at::Tensor& inputs)> forward;
  bool classes = true;

  at::Tensor loss(const at::Tensor& x, const at::Tensor& y) const {
    return classes ? at::cross_entropy_loss(forward(x), y) : at::mse_loss(forward(x), y);
  }
  LossOnBatch batch() const {
    return {.loss = [self = *this] { return self.loss(self.inputs, self.targets); }};
  }
};

namespace detail {

using Parameters = std::vector<at::Tensor>;

inline at::Tensor mlp(const Parameters& p, const at::Tensor& inputs) {
  at::Tensor x = inputs;
  for (std::size_t i = 0; i < p.size(); i += 2) {
    x = at::linear(x, p[i], p[i + 1]);
    if (i + 2 < p.size()) x = at::tanh(x);
  }
  return x;
}

inline at::Tensor conv_net(const Parameters& p, const at::Tensor& inputs) {
  at::Tensor x = inputs;
  for (std::size_t i = 0; i < 4; i += 2) x = at::max_pool2d(at::relu(at::conv2d(x, p[i], p[i + 1], 1, 1)), 2);
  return at::linear(at::relu(at::linear(x.flatten(1), p[4], p[5])), p[6], p[7]);
}

// p[at …]: ln1, ln2, qkv, proj, fc1, fc2, each with weight and bias.
inline at::Tensor transformer_block(const Parameters& p, std::size_t at, const at::Tensor& x) {
  const std::int64_t rows = x.size(0), time = x.size(1), width = x.size(2), heads = 4, depth = width / heads;
  const auto norm = [&](std::size_t i, const at::Tensor& y) {
    return at::layer_norm(y, {width}, p[at + i], p[at + i + 1]);
  };
  const auto linear = [&](std::size_t i, const at::Tensor& y) { return at::linear(y, p[at + i], p[at + i + 1]); };
  const auto qkv = linear(4, norm(0, x)).view({rows, time, 3, heads, depth}).permute({2, 0, 3, 1, 4}).unbind(0);
  const at::Tensor mask = at::full({time, time}, -std::numeric_limits<double>::infinity(), x.options()).triu(1);
  const at::Tensor scores = at::matmul(qkv[0], qkv[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(depth)) + mask;
  const at::Tensor y = at::matmul(at::softmax(scores, -1), qkv[2]).transpose(1, 2).reshape({rows, time, width});
  const at::Tensor z = x + linear(6, y);
  return z + linear(10, at::gelu(linear(8, norm(2, z))));
}

inline at::Tensor transformer(const Parameters& p, const at::Tensor& tokens) {
  at::Tensor x = at::embedding(p[0], tokens) + at::embedding(p[1], at::arange(tokens.size(1)));
  for (std::size_t block = 0; block < 2; ++block) x = transformer_block(p, 2 + 12 * block, x);
  return at::linear(at::layer_norm(x, {x.size(2)}, p[26], p[27]), p[28], p[29]).flatten(0, 1);
}

inline std::vector<std::string> names(const std::string& problem) {
  std::vector<std::string> layers;
  if (problem == "P1") layers = {"0", "2", "4"};
  if (problem == "P2") layers = {"0", "3", "7", "9"};
  if (problem == "P4") layers = {"0", "2"};
  std::vector<std::string> result;
  if (problem == "P3") {
    result = {"tok.weight", "pos.weight"};
    for (const std::string block : {"blocks.0.", "blocks.1."}) {
      for (const char* layer : {"ln1", "ln2", "qkv", "proj", "fc1", "fc2"}) layers.push_back(block + layer);
    }
    layers.insert(layers.end(), {"lnf", "head"});
  }
  if (layers.empty()) throw std::invalid_argument("there is no frozen problem " + problem);
  for (const std::string& layer : layers) result.insert(result.end(), {layer + ".weight", layer + ".bias"});
  return result;
}

}  // namespace detail

inline Frozen frozen(const std::filesystem::path& folder, const std::string& problem,
                     at::ScalarType type = at::kFloat) {
  const SafetensorsFile file = read_safetensors(folder / (problem + ".safetensors"));
  const auto tensor = [&](const std::string& key) {
    const at::Tensor t = file.find(key)->clone();
    return t.is_floating_point() ? t.to(type) : t;
  };
  Frozen result{.names = detail::names(problem), .classes = problem != "P4"};
  for (const std::string& name : result.names) result.parameters.push_back(tensor("param." + name).requires_grad_());
  result.inputs = tensor("batch.x");
  result.targets = tensor("batch.y");
  const auto network = problem == "P2" ? detail::conv_net : problem == "P3" ? detail::transformer : detail::mlp;
  result.forward = [p = result.parameters, network](const at::Tensor& x) { return network(p, x); };
  return result;
}

}  // namespace thalweg::problems
