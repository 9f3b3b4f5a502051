// Second derivatives of every layer type: the product of the Hessian of L = ½ Σ y² with a vector, taken by
// differentiating twice, against central differences of the gradient. In float64; and that the same goes through in
// float32.
#include <gtest/gtest.h>

#include <map>

#include "networks.h"
#include "thalweg/recipe/names.h"

namespace thalweg::testing {
namespace {

struct Example {
  std::vector<Layer> layers;
  NetworkShape shape;
};

using Examples = std::map<std::string, Example>;

Examples examples_of_images() {
  const NetworkShape image{.input = {2, 5, 6}}, single{.input = {1, 6, 6}};
  const Layer conv{.type = LayerType::conv, .channels = 3, .padding = 1};
  const Layer max_pool{.type = LayerType::pool, .kernel = 2, .stride = 0};
  const Layer norm{.type = LayerType::batch_norm, .activation = Activation::tanh};
  const Layer flat{.activation = Activation::tanh, .units = 2};
  Layer relu = conv, average = max_pool, other_pool = max_pool, last_axis = norm, halving = conv;
  relu.activation = Activation::relu;
  average.pool = recipe::PoolKind::average;
  other_pool.kernel = 3;
  other_pool.stride = 2;
  last_axis.axis = -1;
  halving.stride = 2;
  halving.activation = Activation::tanh;
  return {
      {"conv", {{conv, {.type = LayerType::activation, .activation = Activation::tanh}, conv}, image}},
      {"conv_of_one_channel", {{conv, flat}, single}},
      {"max_pool", {{relu, max_pool, flat}, image}},
      {"other_max_pool", {{conv, other_pool}, image}},
      {"average_pool", {{conv, average}, image}},
      {"batch_norm", {{conv, norm}, image}},
      {"batch_norm_last_axis", {{conv, last_axis}, image}},
      {"residual", {{{.type = LayerType::residual, .inner = {halving}}}, image}},
  };
}

Examples examples_of_sequences() {
  const NetworkShape sequence{.input = {3, 4}}, text{.input = {4}, .tokens = true, .vocabulary = 6};
  const auto recurrent = [](LayerType type, recipe::Return output) {
    return Layer{.type = type, .units = 3, .layers = 2, .output = output};
  };
  const Layer embedding{.type = LayerType::embedding, .units = 4, .positions = recipe::Positions::learned};
  const Layer bent{.activation = Activation::tanh, .units = 3};
  return {
      {"layer_norm", {{{.units = 3}, {.type = LayerType::layer_norm}}, sequence}},
      {"embedding", {{embedding, bent}, text}},
      {"one_hot", {{{.type = LayerType::one_hot}, bent}, text}},
      {"rnn", {{recurrent(LayerType::rnn, recipe::Return::last)}, sequence}},
      {"gru", {{recurrent(LayerType::gru, recipe::Return::all)}, sequence}},
      {"lstm", {{recurrent(LayerType::lstm, recipe::Return::last)}, sequence}},
      {"lstm_all", {{recurrent(LayerType::lstm, recipe::Return::all)}, sequence}},
      {"attention", {{{.type = LayerType::attention, .heads = 2}}, sequence}},
      {"attention_causal", {{{.type = LayerType::attention, .heads = 2, .causal = true}}, sequence}},
      {"transformer", {{{.type = LayerType::transformer, .heads = 2, .causal = true}}, sequence}},
  };
}

Examples examples_of_vectors() {
  const NetworkShape vector{.input = {5}};
  const Layer linear{.units = 4};
  return {
      {"linear", {{{.activation = Activation::tanh, .units = 3}, linear}, vector}},
      {"batch_norm_untracked", {{linear, {.type = LayerType::batch_norm, .affine = false, .track = false}}, vector}},
      {"batch_norm_over_rows", {{linear, {.type = LayerType::batch_norm, .axis = 0}}, vector}},
      {"dropout_of_nothing",
       {{linear, {.type = LayerType::dropout, .activation = Activation::tanh, .p = 0.0}}, vector}},
  };
}

Examples examples() {
  Examples result = examples_of_vectors();
  result.merge(examples_of_images());
  result.merge(examples_of_sequences());
  for (const auto& [kind, name] : recipe::names<Activation>()) {
    if (kind == Activation::none) continue;
    result["activation_" + std::string(name)] = {{{.activation = kind, .units = 4}, {.units = 3}}, {.input = {5}}};
  }
  return result;
}

at::Tensor inputs_for(const NetworkShape& shape) {
  std::vector<std::int64_t> sizes{3};
  sizes.insert(sizes.end(), shape.input.begin(), shape.input.end());
  const std::int64_t count = c10::multiply_integers(sizes);
  if (shape.tokens) return (at::arange(count, at::kLong) * 5 + 1).remainder(shape.vocabulary).view(sizes);
  return Wave{.rate = 2.3, .phase = 0.4, .size = 0.8}(sizes);
}

std::vector<at::Tensor> gradient(Network& network, const at::Tensor& x, std::vector<at::Tensor>& at_point, bool keep) {
  const at::Tensor y = network.forward(x);
  return torch::autograd::grad({0.5 * y.square().sum()}, at_point, {}, keep, keep);
}

class Curvature : public ::testing::TestWithParam<std::string> {
 protected:
  Example example = examples().at(GetParam());
};

TEST_P(Curvature, IsTheDifferenceOfGradients) {
  const auto network = build_double(example.layers, example.shape);
  at::Tensor x = inputs_for(example.shape);
  std::vector<at::Tensor> point = tensors(*network), directions, changed;
  if (!example.shape.tokens) point.push_back(x.requires_grad_());
  for (const at::Tensor& tensor : point) {
    directions.push_back(Wave{.rate = 1.3, .phase = 0.3 * static_cast<double>(directions.size())}(tensor.sizes()));
  }
  const auto gradients = gradient(*network, x, point, true);
  const auto products = torch::autograd::grad(gradients, point, directions, true, false, /*allow_unused=*/true);

  constexpr double kStep = 1e-5;
  const auto moved_gradient = [&](double step) {
    for (std::size_t k = 0; k < point.size(); ++k) point[k].detach().add_(directions[k], step);
    const auto result = gradient(*network, x, point, false);
    for (std::size_t k = 0; k < point.size(); ++k) point[k].detach().sub_(directions[k], step);
    return result;
  };
  const auto ahead = moved_gradient(kStep), behind = moved_gradient(-kStep);
  double largest = 0.0;
  for (std::size_t k = 0; k < point.size(); ++k) {
    const at::Tensor difference = (ahead[k] - behind[k]) / (2 * kStep);
    const at::Tensor product = products[k].defined() ? products[k] : at::zeros_like(point[k]);
    const double size = difference.abs().max().item<double>();
    EXPECT_LT(distance(product, difference), 1e-6 * (1 + size)) << "tensor " << k;
    largest = std::max(largest, size);
  }
  EXPECT_GT(largest, 1e-3);  // there is curvature to be seen
}

TEST_P(Curvature, IsThereInFloat32) {
  const auto network = build(example.layers, example.shape);
  at::Tensor x = inputs_for(example.shape);
  if (!example.shape.tokens) x = x.to(at::kFloat);
  std::vector<at::Tensor> point = tensors(*network);
  const auto gradients = gradient(*network, x, point, true);
  for (const at::Tensor& product : torch::autograd::grad(gradients, point, gradients, {}, false, true)) {
    if (product.defined()) EXPECT_TRUE(product.isfinite().all().item<bool>());
  }
}

std::vector<std::string> example_names() {
  std::vector<std::string> names;
  for (const auto& [name, example] : examples()) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Layers, Curvature, ::testing::ValuesIn(example_names()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace thalweg::testing
