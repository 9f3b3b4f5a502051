// Second derivatives of every layer type: the product of the Hessian of L = ½ Σ y² with a vector, taken by
// differentiating twice, against central differences of the gradient. In float64; and that the same goes through in
// float32.
#include <gtest/gtest.h>

#include <map>

#include "networks.h"

namespace thalweg::testing {
namespace {

struct Example {
  std::vector<Layer> layers;
  NetworkShape shape;
};

std::map<std::string, Example> examples() {
  const Layer conv{.type = LayerType::conv, .channels = 3, .padding = 1};
  const auto recurrent = [](LayerType type, recipe::Return output) {
    return Layer{.type = type, .units = 3, .layers = 2, .output = output};
  };
  const NetworkShape image{.input = {2, 5, 6}}, single{.input = {1, 6, 6}}, sequence{.input = {3, 4}},
      vector{.input = {5}};
  const NetworkShape text{.input = {4}, .tokens = true, .vocabulary = 6};
  std::map<std::string, Example> result{
      {"linear", {{{.activation = Activation::tanh, .units = 3}, {.units = 2}}, vector}},
      {"conv", {{conv, {.type = LayerType::activation, .activation = Activation::tanh}, conv}, image}},
      {"conv_of_one_channel", {{conv, {.activation = Activation::tanh, .units = 2}}, single}},
      {"max_pool",
       {{{.type = LayerType::conv, .activation = Activation::relu, .channels = 3, .padding = 1},
         {.type = LayerType::pool, .kernel = 2, .stride = 0},
         {.activation = Activation::tanh, .units = 2}},
        image}},
      {"other_max_pool", {{conv, {.type = LayerType::pool, .kernel = 3, .stride = 2}}, image}},
      {"average_pool",
       {{conv, {.type = LayerType::pool, .kernel = 2, .stride = 0, .pool = recipe::PoolKind::average}}, image}},
      {"batch_norm", {{conv, {.type = LayerType::batch_norm, .activation = Activation::tanh}}, image}},
      {"batch_norm_untracked",
       {{{.units = 4}, {.type = LayerType::batch_norm, .affine = false, .track = false}}, vector}},
      {"batch_norm_over_rows", {{{.units = 4}, {.type = LayerType::batch_norm, .axis = 0}}, vector}},
      {"batch_norm_last_axis", {{conv, {.type = LayerType::batch_norm, .axis = -1}}, image}},
      {"layer_norm", {{{.units = 3}, {.type = LayerType::layer_norm}}, sequence}},
      {"embedding",
       {{{.type = LayerType::embedding, .units = 4, .positions = recipe::Positions::learned},
         {.activation = Activation::tanh, .units = 3}},
        text}},
      {"one_hot", {{{.type = LayerType::one_hot}, {.activation = Activation::tanh, .units = 3}}, text}},
      {"rnn", {{recurrent(LayerType::rnn, recipe::Return::last)}, sequence}},
      {"gru", {{recurrent(LayerType::gru, recipe::Return::all)}, sequence}},
      {"lstm", {{recurrent(LayerType::lstm, recipe::Return::last)}, sequence}},
      {"lstm_all", {{recurrent(LayerType::lstm, recipe::Return::all)}, sequence}},
      {"attention", {{{.type = LayerType::attention, .heads = 2}}, sequence}},
      {"attention_causal", {{{.type = LayerType::attention, .heads = 2, .causal = true}}, sequence}},
      {"transformer", {{{.type = LayerType::transformer, .heads = 2, .causal = true}}, sequence}},
      {"residual",
       {{{.type = LayerType::residual,
          .inner =
              {{.type = LayerType::conv, .activation = Activation::tanh, .channels = 4, .stride = 2, .padding = 1}}}},
        image}},
      {"dropout_of_nothing",
       {{{.units = 4}, {.type = LayerType::dropout, .activation = Activation::tanh, .p = 0.0}}, vector}},
  };
  for (const auto& [name, kind] : std::map<std::string, Activation>{{"relu", Activation::relu},
                                                                    {"sigmoid", Activation::sigmoid},
                                                                    {"softmax", Activation::softmax},
                                                                    {"gelu", Activation::gelu},
                                                                    {"elu", Activation::elu},
                                                                    {"selu", Activation::selu},
                                                                    {"leaky_relu", Activation::leaky_relu},
                                                                    {"silu", Activation::silu}}) {
    result["activation_" + name] = {{{.activation = kind, .units = 4}, {.units = 3}}, vector};
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
