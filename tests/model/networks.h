// Small networks for tests.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/model/network.h"

namespace thalweg::testing {

using Sizes = std::vector<std::int64_t>;

using recipe::Activation;
using recipe::Layer;
using recipe::LayerType;

inline recipe::Model model_of(std::vector<Layer> layers) {
  recipe::Model model;
  model.layers = std::move(layers);
  return model;
}

inline std::unique_ptr<Network> build(std::vector<Layer> layers, const NetworkShape& shape, std::uint64_t seed = 0) {
  return build_network(model_of(std::move(layers)), shape, seed);
}

inline std::unique_ptr<Network> build_double(std::vector<Layer> layers, const NetworkShape& shape) {
  auto network = build(std::move(layers), shape);
  network->to(at::kDouble, at::kCPU);
  return network;
}

// size · sin(rate · (i + 1) + phase): numbers without ties that another language can repeat.
struct Wave {
  double rate = 1.0;
  double phase = 0.0;
  double size = 1.0;
  at::Tensor operator()(at::IntArrayRef sizes) const {
    const std::int64_t count = c10::multiply_integers(sizes);
    return at::sin(at::arange(1, count + 1, at::kDouble) * rate + phase).mul_(size).view(sizes);
  }
};

inline at::Tensor parameter(const Network& network, const std::string& name) {
  for (const auto& [candidate, tensor] : network.parameters()) {
    if (candidate == name) return tensor;
  }
  return {};
}

inline std::vector<at::Tensor> tensors(const Network& network) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : network.parameters()) result.push_back(tensor);
  return result;
}

inline double distance(const at::Tensor& a, const at::Tensor& b) {
  return a.numel() == 0 ? 0.0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace thalweg::testing
