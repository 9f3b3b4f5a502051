// A chain of linear layers with an activation, of given weights, as a Through: what a tap hears of it is known.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "thalweg/model/tap.h"

namespace thalweg {

struct HandChain {
  std::vector<at::Tensor> weights;  // [out, in]; the last one's outputs have no activation
  std::vector<at::Tensor> biases;   // empty: none
  std::string activation = "tanh";
  at::Tensor x;                                       // [rows, in]
  std::function<at::Tensor(const at::Tensor&)> loss;  // of the outputs; empty: the mean over rows of ½ y²

  at::Tensor activate(const at::Tensor& z) const {
    if (activation == "tanh") return at::tanh(z);
    if (activation == "relu") return at::relu(z);
    if (activation == "sigmoid") return at::sigmoid(z);
    return z;
  }
  at::Tensor value(const at::Tensor& y) const {
    return loss ? loss(y) : 0.5 * y.square().sum() / static_cast<double>(y.size(0));
  }
  Through through() const {
    return [this](Tap& tap, const std::function<void(const at::Tensor&)>& use) {
      at::Tensor h = x;
      for (std::size_t l = 0; l < weights.size(); ++l) {
        const bool last = l + 1 == weights.size();
        const std::string name = "linear" + std::to_string(l + 1);
        const at::Tensor z = at::linear(h, weights[l], biases.empty() ? at::Tensor() : biases[l]);
        const bool none = last || activation == "none";
        const at::Tensor output = none ? z : activate(z);
        tap.passed({.layer = name,
                    .type = "linear",
                    .module = "",
                    .activation = none ? "none" : activation,
                    .input = h,
                    .before = z,
                    .output = output});
        h = output;
      }
      use(value(h));
    };
  }
};

// Weights of N(0, σ_w²/fan_in), biases of N(0, σ_b²), `depth` hidden layers of `width`, and an output of 10.
inline HandChain random_chain(std::uint64_t seed, int depth, std::int64_t width, double sigma_w, double sigma_b = 0.0,
                              at::ScalarType type = at::kDouble) {
  at::manual_seed(seed);
  const auto wide = at::TensorOptions(at::kDouble);
  HandChain chain;
  for (int l = 0; l <= depth; ++l) {
    const std::int64_t out = l < depth ? width : 10;
    const at::Tensor w = sigma_w / std::sqrt(static_cast<double>(width)) * at::randn({out, width}, wide);
    chain.weights.push_back(w.to(type).requires_grad_());
    chain.biases.push_back((sigma_b * at::randn({out}, wide)).to(type).requires_grad_());
  }
  chain.x = at::randn({64, width}, wide).to(type);
  return chain;
}

}  // namespace thalweg
