// What the tests of optimizers share: every optimizer by name, parameters with gradients, bits compared.
#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <string>
#include <vector>

#include "thalweg/optim/optimizer.h"

namespace thalweg::testing {

struct NamedOptions {
  std::string name;
  recipe::Optimizer options;
};

inline std::vector<NamedOptions> every_optimizer() {
  using Kind = recipe::OptimizerKind;
  const recipe::Optimizer base{
      .kind = Kind::adamw, .lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.05};
  const auto of_kind = [&](recipe::OptimizerKind kind) {
    recipe::Optimizer options = base;
    options.kind = kind;
    return options;
  };
  return {
      {"sgd", {.kind = Kind::sgd, .lr = 0.1}},
      {"sgd_decay", {.kind = Kind::sgd, .lr = 0.1, .weight_decay = 0.05}},
      {"sgd_momentum", {.kind = Kind::sgd, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.05}},
      {"sgd_nesterov", {.kind = Kind::sgd, .lr = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.05}},
      {"adam", {.kind = Kind::adam, .lr = 0.01}},
      {"adam_decay", of_kind(Kind::adam)},
      {"adamw", base},
      {"nadamw", of_kind(Kind::nadamw)},
      {"rmsprop", {.kind = Kind::rmsprop, .lr = 0.01, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.05}},
      {"rmsprop_momentum",
       {.kind = Kind::rmsprop, .lr = 0.01, .momentum = 0.8, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.05}},
  };
}

inline at::Tensor parameter(const at::Tensor& values) {
  return values.detach().clone(at::MemoryFormat::Preserve).requires_grad_();
}

inline void set_gradient(const at::Tensor& weight, const at::Tensor& gradient) { weight.mutable_grad() = gradient; }

// The same numbers at any time and on any machine, without torch's generator: a low-discrepancy sequence in (−1, 1).
inline at::Tensor numbers(at::IntArrayRef shape, double seed, at::ScalarType type = at::kFloat) {
  const at::Tensor index = at::arange(c10::multiply_integers(shape), at::kDouble) + 1.0;
  const at::Tensor turns = index * 0.6180339887498949 + seed * 0.7548776662466927;
  return ((turns - turns.floor()) * 2.0 - 1.0).reshape(shape).to(type);
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

inline bool same_bits(const Optimizer::Named& a, const Optimizer::Named& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].first != b[i].first || !same_bits(a[i].second, b[i].second)) return false;
  }
  return true;
}

}  // namespace thalweg::testing
