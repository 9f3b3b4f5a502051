#include "thalweg/model/activation.h"

#include <ATen/ATen.h>

namespace thalweg {

using recipe::Activation;

at::Tensor activate(Activation kind, const at::Tensor& x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::relu:
      return at::relu(x);
    case Activation::tanh:
      return at::tanh(x);
    case Activation::sigmoid:
      return at::sigmoid(x);
    case Activation::softmax:
      return at::softmax(x, -1);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::elu:
      return at::elu(x);
    case Activation::selu:
      return at::selu(x);
    case Activation::leaky_relu:
      return at::leaky_relu(x);
    case Activation::silu:
      return at::silu(x);
  }
  return x;
}

at::Tensor activate_in_place(Activation kind, at::Tensor x) {
  // Only functions whose derivative is known from their result; and on a view autograd would copy more than is saved.
  if (x.is_view()) return activate(kind, x);
  switch (kind) {
    case Activation::relu:
      return at::relu_(x);
    case Activation::tanh:
      return at::tanh_(x);
    case Activation::sigmoid:
      return at::sigmoid_(x);
    default:
      return activate(kind, x);
  }
}

}  // namespace thalweg
