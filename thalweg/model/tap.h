// What passes between the layers of a network in one forward, for whoever looks.
//
// Tensors are the forward's own, with their graph where gradients are on: read them, never write. While a tap is set
// nothing is done in place or joined with the next layer; the numbers are the same, bit for bit. While none is set a
// layer pays one comparison. Names live as long as the call: copy what is kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string_view>

namespace thalweg {

struct Passage {
  std::string_view layer;       // "conv1", "residual1.conv2"
  std::string_view type;        // "linear", "conv", "batch_norm": the recipe's word, or "" where there is none
  std::string_view module;      // of a foreign network: the class, "Linear"; else ""
  std::string_view activation;  // "relu"; "none"
  at::Tensor input;             // [rows, …] what the layer is given
  at::Tensor before;            // its output without the activation
  at::Tensor output;            // with it; the same tensor as `before` where there is none
};

class Tap {
 public:
  virtual ~Tap() = default;
  virtual void passed(const Passage& passage) = 0;
};

// One batch's forward with `tap` hearing each layer, then `use` with its loss [0-dim], which has a graph where
// gradients are on. The same random numbers each time; random state and buffers are as they were afterwards.
using Through = std::function<void(Tap& tap, const std::function<void(const at::Tensor& loss)>& use)>;

}  // namespace thalweg
