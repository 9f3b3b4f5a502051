// What may be rearranged in a network: the same function afterwards, to rounding, and no gradient along what is free.
#include "thalweg/model/symmetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <map>
#include <random>

#include "networks.h"

namespace thalweg::testing {
namespace {

using recipe::Positions;
using recipe::Return;

struct Subject {
  recipe::Model model;
  NetworkShape shape;
  std::unique_ptr<Network> network;
  Symmetry symmetry;

  Subject(std::vector<Layer> layers, NetworkShape input) : model(model_of(std::move(layers))), shape(std::move(input)) {
    network = build_network(model, shape, 3);
    network->to(at::kDouble, at::kCPU);
    stir();
    symmetry = symmetry_of(model, shape, *network);
    network->train(false);
  }

  // No weight stays at a special value: norms' scales and statistics are made general, too.
  void stir() const {
    const torch::NoGradGuard none;
    double phase = 0.0;
    for (const auto* tensors : {&network->parameters(), &network->buffers()}) {
      for (const auto& [name, tensor] : *tensors) {
        const at::Tensor noise = Wave{.rate = 2.3, .phase = phase += 1.1, .size = 0.3}(tensor.sizes());
        if (name.ends_with("running_var")) {
          tensor.copy_(1.0 + noise);
        } else {
          tensor.add_(noise);
        }
      }
    }
  }
  at::Tensor inputs(std::int64_t rows = 5) const {
    std::vector<std::int64_t> sizes{rows};
    sizes.insert(sizes.end(), shape.input.begin(), shape.input.end());
    const at::Tensor x = Wave{.rate = 1.7}(sizes);
    return shape.tokens ? ((x.abs() * 97.0).to(at::kLong)).remainder(shape.vocabulary) : x;
  }
  NamedParameters tensors() const {
    NamedParameters all = network->parameters();
    all.insert(all.end(), network->buffers().begin(), network->buffers().end());
    return all;
  }
  // The network computes f with these tensors; afterwards it has its own again.
  at::Tensor with(const NamedParameters& values, const at::Tensor& x) const {
    const torch::NoGradGuard none;
    const NamedParameters own = tensors();
    std::vector<at::Tensor> kept;
    for (std::size_t i = 0; i < own.size(); ++i) {
      kept.push_back(own[i].second.detach().clone());
      own[i].second.detach().copy_(values[i].second);
    }
    const at::Tensor y = network->forward(x);
    for (std::size_t i = 0; i < own.size(); ++i) own[i].second.detach().copy_(kept[i]);
    return y;
  }
  // Largest change of the outputs under a random element of the group, over their size.
  double change(std::uint64_t seed, bool scales) const {
    const torch::NoGradGuard none;
    const at::Tensor x = inputs(), before = network->forward(x);
    const at::Tensor after = with(rearranged(symmetry, random_arrangement(symmetry, seed, scales), tensors()), x);
    return distance(after, before) / (1e-300 + before.abs().max().item<double>());
  }
  const UnitGroup& group(const std::string& name) const {
    for (const UnitGroup& g : symmetry.groups) {
      if (g.name == name && !g.fixed) return g;
    }
    throw std::invalid_argument(name);
  }
};

double log2_factorial(int n) {
  double bits = 0.0;
  for (int k = 2; k <= n; ++k) bits += std::log2(k);
  return bits;
}

std::vector<Layer> mlp(Activation activation, int layers = 3, int units = 6) {
  std::vector<Layer> result(static_cast<std::size_t>(layers), Layer{.activation = activation, .units = units});
  result.push_back({.units = 3});
  return result;
}

const Layer kFlatten{.type = LayerType::flatten};
Layer conv(int channels, Activation activation = Activation::none) {
  return {.type = LayerType::conv, .activation = activation, .channels = channels, .padding = 1};
}
Layer residual(std::vector<Layer> inner, Activation activation = Activation::none) {
  return {.type = LayerType::residual, .activation = activation, .inner = std::move(inner)};
}
Layer norm(LayerType type, Activation activation = Activation::none, int groups = 1) {
  return {.type = type, .activation = activation, .groups = groups};
}

struct Case {
  const char* name;
  std::vector<Layer> layers;
  NetworkShape shape;
  double permutation_bits;
  double sign_bits;
  std::int64_t dimensions;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  const NetworkShape table{.input = {4}}, image{.input = {2, 6, 6}}, steps{.input = {5, 4}},
      text{.input = {7}, .tokens = true, .vocabulary = 9};
  const double b6 = log2_factorial(6), b4 = log2_factorial(4), b8 = log2_factorial(8);
  const Layer pool{.type = LayerType::pool, .kernel = 2};
  const Layer mean{.type = LayerType::pool, .kernel = 0, .pool = recipe::PoolKind::average};
  return {
      {"tanh", mlp(Activation::tanh), table, 3 * b6, 18, 0},
      {"relu", mlp(Activation::relu), table, 3 * b6, 0, 18},
      {"leaky_relu", mlp(Activation::leaky_relu), table, 3 * b6, 0, 18},
      {"gelu", mlp(Activation::gelu), table, 3 * b6, 0, 0},
      {"sigmoid", mlp(Activation::sigmoid), table, 3 * b6, 0, 0},
      {"softmax over units", mlp(Activation::softmax), table, 3 * b6, 0, 0},
      {"deep linear: mixing", mlp(Activation::none), table, 3 * b6, 18, 3 * 36},
      {"conv, pool, flatten", {conv(4, Activation::relu), pool, kFlatten, {.units = 3}}, image, b4, 0, 4},
      {"conv, max-pool alone: no sign", {conv(4), pool, {.units = 3}}, image, b4, 0, 4},
      {"conv, average pool: mixing", {conv(4), mean, kFlatten, {.units = 3}}, image, b4, 4, 16},
      {"batch norm: signs before, scales behind",
       {conv(4), norm(LayerType::batch_norm, Activation::relu), kFlatten, {.units = 3}},
       image,
       b4,
       4,
       4 + 4},
      {"batch norm of plain features",
       {{.units = 6, .bias = false}, norm(LayerType::batch_norm, Activation::tanh), {.units = 3}},
       table,
       b6,
       12,
       0},
      {"batch norm without scale",
       {conv(4), {.type = LayerType::batch_norm, .activation = Activation::tanh, .affine = false}, {.units = 3}},
       image,
       b4,
       4,
       4},
      {"batch norm over the wrong axis",
       {conv(4), {.type = LayerType::batch_norm, .activation = Activation::relu, .axis = 2}, {.units = 3}},
       image,
       b4,
       0,
       0},
      {"batch norm over rows",
       {conv(4), {.type = LayerType::batch_norm, .activation = Activation::relu, .axis = 0}, {.units = 3}},
       image,
       b4,
       0,
       4},
      {"layer norm", {{.units = 6}, norm(LayerType::layer_norm), {.units = 3}}, table, b6, 6, 6},
      {"layer norm of an image",
       {conv(4), norm(LayerType::layer_norm, Activation::relu), {.units = 3}},
       image,
       b4,
       0,
       4},
      {"group norm keeps its groups",
       {conv(8), norm(LayerType::group_norm, Activation::relu, 4), {.units = 3}},
       image,
       log2_factorial(4) + 4 * log2_factorial(2),
       0,
       8},
      {"instance norm", {conv(8), norm(LayerType::group_norm, Activation::relu, 8), {.units = 3}}, image, b8, 8, 8},
      {"residual stream",
       {conv(4, Activation::relu),
        residual({conv(6, Activation::relu), conv(4)}, Activation::relu),
        residual({conv(4, Activation::relu), conv(4)}, Activation::relu),
        mean,
        {.units = 3}},
       image,
       2 * b4 + b6,
       0,
       4 + 4 + 6},
      {"residual with a projection",
       {conv(4, Activation::tanh), residual({conv(6, Activation::tanh), conv(8)}), mean, {.units = 3}},
       image,
       b4 + b6 + b8,
       4 + 6 + 8,
       64},
      {"residual of the inputs",
       {residual({{.activation = Activation::relu, .units = 6}, {.units = 4}}), {.units = 3}},
       table,
       b6,
       0,
       6},
      {"rnn", {{.type = LayerType::rnn, .units = 6, .layers = 2}, {.units = 3}}, steps, 2 * b6, 12, 0},
      {"gru", {{.type = LayerType::gru, .units = 6, .layers = 2}, {.units = 3}}, steps, 2 * b6, 12, 0},
      {"lstm", {{.type = LayerType::lstm, .units = 6, .output = Return::all}, kFlatten, {.units = 3}}, steps, b6, 6, 0},
      {"lstm over rows of a convolved image",
       {conv(4, Activation::tanh), {.type = LayerType::lstm, .units = 6}, {.units = 3}},
       image,
       b4 + b6,
       10,
       0},
      {"transformer",
       {{.type = LayerType::embedding, .units = 6, .positions = Positions::learned},
        {.type = LayerType::transformer, .units = 8, .heads = 3},
        norm(LayerType::layer_norm),
        {.units = 3}},
       text,
       b6 + b8 + log2_factorial(3),
       3 * 6,
       3 * 6 + 2 * 3 * 4 + 2 * 6},
      {"fixed positions keep the stream's order",
       {{.type = LayerType::embedding, .units = 6, .positions = Positions::sinusoidal},
        {.type = LayerType::transformer, .units = 8, .heads = 2},
        {.units = 3}},
       text,
       b8 + 1.0,
       2 * 6,
       2 * 6 + 2 * 2 * 9 + 2 * 6},
      {"attention alone",
       {{.type = LayerType::attention, .heads = 4}, {.units = 3}},
       {.input = {5, 8}},
       b8 + b4,
       8,
       64 + 2 * 4 * 4 + 2 * 8},
  };
}

class SymmetryOf : public ::testing::TestWithParam<Case> {};

TEST_P(SymmetryOf, IsCountedAndChangesNothing) {
  const Case& c = GetParam();
  const Subject s(c.layers, c.shape);
  EXPECT_NEAR(permutation_bits(s.symmetry), c.permutation_bits, 1e-9);
  EXPECT_EQ(sign_bits(s.symmetry), c.sign_bits);
  EXPECT_EQ(flat_dimensions(s.symmetry), c.dimensions);
  EXPECT_NEAR(symmetry_bits(s.symmetry), c.permutation_bits + c.sign_bits, 1e-9);
  for (const std::uint64_t seed : {1, 2, 3}) {
    EXPECT_LT(s.change(seed, false), 1e-12);
    EXPECT_LT(s.change(seed, true), 1e-12);
  }
}

TEST_P(SymmetryOf, HoldsInTrainingModeToo) {
  const Subject s(GetParam().layers, GetParam().shape);
  s.network->train(true);
  EXPECT_LT(s.change(4, true), 1e-11);
}

double along(const NamedParameters& direction, const NamedParameters& parameters, const std::vector<at::Tensor>& g) {
  std::map<std::string, at::Tensor> gradient;
  for (std::size_t i = 0; i < parameters.size(); ++i) gradient[parameters[i].first] = g[i];
  double sum = 0.0, size = 0.0, length = 0.0;
  for (const auto& [name, d] : direction) {
    if (!gradient[name].defined()) continue;
    sum += (gradient[name] * d).sum().item<double>();
    size += d.square().sum().item<double>();
    length += gradient[name].square().sum().item<double>();
  }
  return std::abs(sum) / (1e-300 + std::sqrt(size * length));
}

TEST_P(SymmetryOf, HasNoGradientAlongWhatIsFree) {
  const Subject s(GetParam().layers, GetParam().shape);
  const auto& parameters = s.network->parameters();
  const auto g = torch::autograd::grad({s.network->forward(s.inputs()).pow(3).sum()}, tensors(*s.network), {},
                                       std::nullopt, false, true);
  for (const UnitFactors& f : s.symmetry.factors) {
    const std::int64_t n = s.symmetry.groups[f.group].size;
    for (std::int64_t u = 0; u < n && f.scale; ++u) {
      EXPECT_LT(along(scale_generator(f, n, u, parameters), parameters, g), 1e-12) << f.name << " " << u;
    }
    if (f.mixing) {
      EXPECT_LT(along(mixing_generator(f, n, Wave{.rate = 1.3}({n, n}), parameters), parameters, g), 1e-12) << f.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, SymmetryOf, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return "n" + std::to_string(info.index); });

TEST(Symmetry, WhatIsNotFreeIsNot) {
  // A factor or an order that the group does not have changes the function: the tests above can fail.
  const Subject s(mlp(Activation::relu), {.input = {4}});
  Arrangement turned = identity_arrangement(s.symmetry);
  turned.factors[0][2] = -1.0;
  const at::Tensor x = s.inputs(), before = s.network->forward(x).detach();
  EXPECT_GT(distance(s.with(rearranged(s.symmetry, turned, s.tensors()), x), before), 1e-3);
  const Subject g({conv(8), norm(LayerType::group_norm, Activation::relu, 4), {.units = 3}}, {.input = {2, 6, 6}});
  Arrangement mixed = identity_arrangement(g.symmetry);
  const auto index = static_cast<std::size_t>(&g.group("conv1") - g.symmetry.groups.data());
  mixed.permutations[index] = at::tensor({2, 1, 0, 3, 4, 5, 6, 7}, at::kLong);
  const at::Tensor image = g.inputs();
  EXPECT_GT(distance(g.with(rearranged(g.symmetry, mixed, g.tensors()), image), g.network->forward(image).detach()),
            1e-3);
}

// Statistics over all units at once give the norm's output its size: the stream it is added to has no free factor.
TEST(Symmetry, ANormAlongAnotherAxisFixesTheSizeOfItsStream) {
  Layer across = norm(LayerType::batch_norm);
  across.axis = 2;
  const Subject s({conv(4), residual({conv(4, Activation::relu), across}), kFlatten, {.units = 3}},
                  {.input = {2, 4, 4}});
  for (std::uint64_t seed = 0; seed < 5; ++seed) EXPECT_LT(s.change(seed, true), 1e-12);
  for (const UnitFactors& f : s.symmetry.factors) EXPECT_NE(f.name, "conv1");
}

TEST(Symmetry, TheTextbooksCountForEqualLayers) {
  const Subject s(mlp(Activation::relu, 3, 512), {.input = {784}});
  EXPECT_NEAR(permutation_bits(s.symmetry), 3 * log2_factorial(512), 1e-6);
}

TEST(Symmetry, AStreamNamesTheLayersThatWriteToIt) {
  const Subject s(
      {conv(4, Activation::relu), residual({conv(6, Activation::relu), conv(4)}, Activation::relu), {.units = 3}},
      {.input = {2, 6, 6}});
  EXPECT_THAT(s.group("conv1").layers, ::testing::ElementsAre("conv1", "residual1.conv2"));
  EXPECT_EQ(s.group("conv1").size, 4);
}

TEST(Symmetry, UnitsAreHeardWhereTheLayerPutsThem) {
  const Subject s({conv(4, Activation::relu), kFlatten, {.activation = Activation::tanh, .units = 6}, {.units = 3}},
                  {.input = {2, 6, 6}});
  ASSERT_EQ(s.symmetry.heard.size(), 3U + 1U);  // and the output's
  EXPECT_EQ(s.symmetry.heard[1].layer, "flatten1");
  EXPECT_EQ(s.symmetry.heard[1].inner, 36);
  EXPECT_EQ(s.symmetry.heard[2].layer, "linear1");
  EXPECT_GE(s.symmetry.heard[2].factors, 0);
}

// Any chain of layers, with residual blocks and norms among them.
std::vector<Layer> random_layers(std::mt19937& random, bool inner) {
  constexpr Activation kActivations[] = {Activation::none,       Activation::relu, Activation::tanh,
                                         Activation::leaky_relu, Activation::gelu, Activation::sigmoid,
                                         Activation::softmax};
  const auto activation = [&] { return kActivations[random() % 7]; };
  std::vector<Layer> layers{conv(4, activation())};
  for (unsigned i = 1 + random() % 4; i > 0; --i) {
    switch (random() % (inner ? 6 : 8)) {
      case 0:
        layers.push_back(conv(2 + 2 * static_cast<int>(random() % 3), activation()));
        break;
      case 1:
        layers.push_back({.type = LayerType::batch_norm,
                          .activation = activation(),
                          .axis = static_cast<std::int64_t>(random() % 4),
                          .affine = random() % 2 == 0});
        break;
      case 2:
        layers.push_back(norm(LayerType::layer_norm, activation()));
        break;
      case 3:
        layers.push_back(norm(LayerType::group_norm, activation(), 2));
        break;
      case 4:
        layers.push_back({.type = LayerType::activation, .activation = activation()});
        break;
      case 5:
        layers.push_back(norm(LayerType::group_norm, activation(), 1));
        break;
      default:
        layers.push_back(residual(random_layers(random, true), activation()));
    }
  }
  if (!inner) {
    layers.push_back({.type = LayerType::pool,
                      .kernel = 2,
                      .pool = random() % 2 == 0 ? recipe::PoolKind::max : recipe::PoolKind::average});
    layers.push_back({.activation = activation(), .units = 5});
    layers.push_back({.units = 3});
  }
  return layers;
}

TEST(Symmetry, HoldsForAnyNetwork) {
  EXPECT_TRUE(rc::check("rearranged networks compute the same", [](std::uint32_t seed) {
    std::mt19937 random(seed);
    for (int k = 0; k < 20; ++k) {
      const Subject s(random_layers(random, false), {.input = {2, 4, 4}});
      RC_ASSERT(symmetry_bits(s.symmetry) > 0.0);
      const double change = s.change(seed, true);
      RC_ASSERT(change < 1e-9);
    }
  }));
}

}  // namespace
}  // namespace thalweg::testing
