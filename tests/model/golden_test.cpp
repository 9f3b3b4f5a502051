// Every layer type against torch.nn: names and shapes of the parameters, output, gradients, Hessian-vector products and
// running statistics. The figures were made by tests/reference/layers_golden.py, which says what the networks are.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "networks.h"
#include "test_paths.h"
#include "thalweg/recipe/names.h"

namespace thalweg::testing {
namespace {

using nlohmann::json;
using recipe::PoolKind;
using recipe::Positions;
using recipe::Return;

constexpr double kTolerance = 1e-10;  // the figures have twelve digits

const json& golden() {
  static const json file =
      json::parse(std::ifstream(std::string(test_paths::kSource) + "/tests/model/layers_golden.json"));
  return file;
}

using Networks = std::map<std::string, std::vector<Layer>>;

Layer linear(std::int64_t units, Activation activation = Activation::none) {
  return {.activation = activation, .units = units};
}
Layer pool(PoolKind kind, std::int64_t kernel, std::int64_t stride) {
  return {.type = LayerType::pool, .kernel = kernel, .stride = stride, .pool = kind};
}
Layer conv(std::int64_t stride, Activation activation, bool bias = true) {
  return {
      .type = LayerType::conv, .activation = activation, .bias = bias, .channels = 3, .stride = stride, .padding = 1};
}
Layer recurrent(LayerType type, std::int64_t units, std::int64_t layers, Return output) {
  return {.type = type, .units = units, .layers = layers, .output = output};
}
Layer embedding(std::int64_t units, Positions positions) {
  return {.type = LayerType::embedding, .units = units, .positions = positions};
}
Layer residual(std::vector<Layer> inner, Activation activation = Activation::none) {
  return {.type = LayerType::residual, .activation = activation, .inner = std::move(inner)};
}

Networks networks_of_images() {
  const Layer narrow{.type = LayerType::conv, .bias = false, .channels = 2, .kernel = 2};
  return {
      {"conv", {conv(2, Activation::relu), linear(2)}},
      {"conv_relu_pool",
       {conv(1, Activation::relu), pool(PoolKind::max, 2, 0), {.type = LayerType::flatten}, linear(2)}},
      {"pools", {narrow, pool(PoolKind::max, 3, 1), pool(PoolKind::average, 2, 0), pool(PoolKind::average, 0, 0)}},
      {"batch_norm", {{.type = LayerType::batch_norm, .activation = Activation::tanh}}},
      {"batch_norm_axis_2", {{.type = LayerType::batch_norm, .axis = 2}}},
      {"layer_norm_of_images", {{.type = LayerType::layer_norm}}},
      {"group_norm", {{.type = LayerType::group_norm, .activation = Activation::tanh, .groups = 2}}},
      {"lstm_on_image", {recurrent(LayerType::lstm, 2, 1, Return::last)}},
      {"residual_conv_projection", {residual({conv(2, Activation::none, false)})}},
  };
}

Networks networks_of_sequences() {
  return {
      {"linear_on_sequence", {linear(2, Activation::sigmoid)}},
      {"layer_norm", {{.type = LayerType::layer_norm}}},
      {"embedding", {embedding(4, Positions::learned)}},
      {"embedding_sinusoidal", {embedding(5, Positions::sinusoidal)}},
      {"one_hot", {{.type = LayerType::one_hot}, linear(2, Activation::tanh)}},
      {"rnn", {recurrent(LayerType::rnn, 3, 2, Return::last)}},
      {"gru", {recurrent(LayerType::gru, 2, 1, Return::all)}},
      {"lstm", {recurrent(LayerType::lstm, 2, 2, Return::last)}},
      {"attention", {{.type = LayerType::attention, .heads = 2}}},
      {"attention_causal", {{.type = LayerType::attention, .heads = 2, .causal = true}}},
      {"transformer", {{.type = LayerType::transformer, .units = 6, .heads = 2, .causal = true}}},
  };
}

Networks networks_of_vectors() {
  return {
      {"linear", {linear(4, Activation::tanh), {.units = 2, .bias = false}}},
      {"batch_norm_of_vectors", {{.type = LayerType::batch_norm, .momentum = 0.3, .eps = 0.1}}},
      {"group_norm_of_vectors", {{.type = LayerType::group_norm, .eps = 0.1, .groups = 3}}},
      {"residual", {residual({linear(4, Activation::tanh), linear(3)}, Activation::relu)}},
      {"residual_linear_projection", {residual({linear(2, Activation::tanh)})}},
      {"softmax_of_one", {linear(1, Activation::softmax)}},
  };
}

Networks networks() {
  Networks result = networks_of_vectors();
  result.merge(networks_of_images());
  result.merge(networks_of_sequences());
  for (const auto& [kind, name] : recipe::names<Activation>()) {
    if (kind == Activation::none) continue;
    result["activation_" + std::string(name)] = {linear(3), {.type = LayerType::activation, .activation = kind}};
  }
  return result;
}

at::Tensor from_json(const json& values, at::IntArrayRef sizes) {
  return at::tensor(values.get<std::vector<double>>(), at::kDouble).view(sizes);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const json& each : golden()["cases"]) names.push_back(each["name"]);
  return names;
}

const json& case_named(const std::string& name) {
  const json& cases = golden()["cases"];
  return *std::find_if(cases.begin(), cases.end(), [&](const json& each) { return each["name"] == name; });
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatTorchSays) {
  const json& expected = case_named(GetParam());
  const auto sizes = expected["input"].get<std::vector<std::int64_t>>();
  const std::int64_t vocabulary = golden()["vocabulary"];
  const bool tokens = expected["gradients"].size() == expected["parameters"].size();
  const auto network =
      build_double(networks().at(GetParam()),
                   {.input = {sizes.begin() + 1, sizes.end()}, .tokens = tokens, .vocabulary = vocabulary});
  std::vector<at::Tensor> inputs = tensors(*network);
  ASSERT_EQ(inputs.size(), expected["parameters"].size());
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    EXPECT_EQ(network->parameters()[k].first, expected["parameters"][k]["name"].get<std::string>());
    ASSERT_EQ(inputs[k].sizes().vec(), expected["parameters"][k]["shape"].get<std::vector<std::int64_t>>());
    inputs[k].detach().copy_(Wave{.rate = 1.7, .phase = 0.9 * static_cast<double>(k), .size = 0.5}(inputs[k].sizes()));
  }
  at::Tensor x = Wave{.rate = 2.3, .phase = 0.4, .size = 0.8}(sizes);
  if (tokens) {
    x = (at::arange(x.numel(), at::kLong) * 7 + 3).remainder(vocabulary).view(sizes);
  } else {
    inputs.push_back(x.requires_grad_());
  }

  const at::Tensor output = network->forward(x);
  ASSERT_EQ(output.sizes().vec(), expected["output"]["shape"].get<std::vector<std::int64_t>>());
  EXPECT_LT(distance(output, from_json(expected["output"]["values"], output.sizes())), kTolerance);

  const at::Tensor loss = 0.5 * (output - Wave{.rate = 0.6}(output.sizes())).square().sum();
  const auto gradients = torch::autograd::grad({loss}, inputs, {}, {}, /*create_graph=*/true);
  at::Tensor slope = at::zeros({}, at::kDouble);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    EXPECT_LT(distance(gradients[k], from_json(expected["gradients"][k], inputs[k].sizes())), kTolerance)
        << "gradient " << k;
    slope =
        slope +
        (gradients[k] * Wave{.rate = 1.3, .phase = 0.5 * static_cast<double>(k), .size = 0.3}(inputs[k].sizes())).sum();
  }
  const auto products = torch::autograd::grad({slope}, inputs, {}, true, false, /*allow_unused=*/true);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const at::Tensor product = products[k].defined() ? products[k] : at::zeros_like(inputs[k]);
    EXPECT_LT(distance(product, from_json(expected["products"][k], inputs[k].sizes())), 10 * kTolerance)
        << "product " << k;
  }
  ASSERT_EQ(network->buffers().size(), expected["buffers"].size());
  for (const auto& [name, buffer] : network->buffers()) {
    EXPECT_LT(distance(buffer, from_json(expected["buffers"].at(name), buffer.sizes())), kTolerance) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, Golden, ::testing::ValuesIn(case_names()),
                         [](const auto& each) { return each.param; });

TEST(Golden, HasEveryLayerAndActivation) { EXPECT_EQ(networks().size(), golden()["cases"].size()); }

}  // namespace
}  // namespace thalweg::testing
