// Two networks of one architecture: what was rearranged is found again, and what was not is not made up.
#include "thalweg/survey/alignment.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "thalweg/recipe/recipe.h"
#include "thalweg/survey/alignment_terms.h"

namespace thalweg {
namespace {

using recipe::Activation;
using recipe::Layer;
using recipe::LayerType;

struct Pair {
  recipe::Model model;
  NetworkShape shape;
  std::unique_ptr<Network> a, b;  // b: other weights
  Symmetry symmetry;
  at::Tensor x;

  Pair(std::vector<Layer> layers, NetworkShape input) : shape(std::move(input)) {
    model.layers = std::move(layers);
    a = build_network(model, shape, 1);
    b = build_network(model, shape, 2);
    std::uint64_t seed = 3;
    for (Network* network : {a.get(), b.get()}) {
      network->to(at::kDouble, at::kCPU);
      network->train(false);
      for (const auto& [name, tensor] : network->parameters()) {  // norms' scales are general, too
        auto generator = at::make_generator<at::CPUGeneratorImpl>(seed++);
        tensor.detach().add_(0.1 * at::randn(tensor.sizes(), generator, tensor.detach().options()));
      }
    }
    symmetry = symmetry_of(model, shape, *a);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(9);
    std::vector<std::int64_t> sizes{64};
    sizes.insert(sizes.end(), shape.input.begin(), shape.input.end());
    x = shape.tokens ? at::randint(shape.vocabulary, sizes, generator, at::TensorOptions(at::kLong))
                     : at::randn(sizes, generator, at::TensorOptions(at::kDouble));
  }
  // b becomes a, rearranged at random.
  Arrangement hide(std::uint64_t seed) const {
    const Arrangement hidden = random_arrangement(symmetry, seed);
    const NamedParameters values = rearranged(symmetry, hidden, all(*a));
    const NamedParameters target = all(*b);
    for (std::size_t i = 0; i < values.size(); ++i) target[i].second.detach().copy_(values[i].second);
    return hidden;
  }
  static NamedParameters all(const Network& network) {
    NamedParameters result = network.parameters();
    result.insert(result.end(), network.buffers().begin(), network.buffers().end());
    return result;
  }
  HeardPair heard() const {
    const auto hear = [this](Network* network) {
      return [this, network](std::int64_t, Tap& tap) {
        const at::NoGradGuard none;
        network->tap(&tap);
        network->forward(x);
        network->tap(nullptr);
      };
    };
    return {.a = hear(a.get()), .b = hear(b.get()), .batches = 1};
  }
};

Layer conv(int channels, Activation activation = Activation::none) {
  return {.type = LayerType::conv, .activation = activation, .channels = channels, .padding = 1};
}

std::vector<Pair> pairs() {
  std::vector<Pair> result;
  const Layer tanh{.activation = Activation::tanh, .units = 12}, relu{.activation = Activation::relu, .units = 12},
      head{.units = 3}, norm{.type = LayerType::batch_norm, .activation = Activation::relu};
  result.emplace_back(std::vector<Layer>{tanh, tanh, head}, NetworkShape{.input = {5}});
  result.emplace_back(std::vector<Layer>{relu, relu, head}, NetworkShape{.input = {5}});
  result.emplace_back(
      std::vector<Layer>{
          conv(6),
          norm,
          {.type = LayerType::residual, .activation = Activation::relu, .inner = {conv(5), norm, conv(6)}},
          {.type = LayerType::pool, .kernel = 2},
          head},
      NetworkShape{.input = {2, 4, 4}});
  result.emplace_back(
      std::vector<Layer>{conv(8), {.type = LayerType::group_norm, .activation = Activation::relu, .groups = 4}, head},
      NetworkShape{.input = {2, 4, 4}});
  result.emplace_back(std::vector<Layer>{{.type = LayerType::lstm, .units = 7}, head}, NetworkShape{.input = {6, 4}});
  result.emplace_back(std::vector<Layer>{{.type = LayerType::gru, .units = 7}, head}, NetworkShape{.input = {6, 4}});
  result.emplace_back(
      std::vector<Layer>{{.type = LayerType::embedding, .units = 8, .positions = recipe::Positions::learned},
                         {.type = LayerType::transformer, .units = 10, .heads = 2},
                         head},
      NetworkShape{.input = {5}, .tokens = true, .vocabulary = 7});
  return result;
}

double apart(const Pair& p, const Alignment& found) {
  const NamedParameters back = rearranged(p.symmetry, found.arrangement, Pair::all(*p.b)), a = Pair::all(*p.a);
  double most = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, (back[i].second - a[i].second).abs().max().item<double>());
  }
  return most;
}

TEST(Alignment, ByWeightsFindsARearrangedNetworkAgain) {
  for (const Pair& p : pairs()) {
    p.hide(4);
    const Alignment found = match_weights(p.symmetry, p.a->parameters(), p.b->parameters(), {.starts = 10});
    EXPECT_NEAR(found.similarity, 1.0, 1e-9) << p.model.layers.front().name;
    EXPECT_LT(apart(p, found), 1e-12);
    EXPECT_LT(found.distance, 1e-5);
  }
}

TEST(Alignment, ByActivationsFindsARearrangedNetworkAgain) {
  for (const Pair& p : pairs()) {
    p.hide(5);
    const Alignment found = match_activations(p.symmetry, p.a->parameters(), p.b->parameters(), p.heard());
    EXPECT_NEAR(found.similarity, 1.0, 1e-9);
    EXPECT_LT(apart(p, found), 1e-12);
  }
}

TEST(Alignment, OfDifferentNetworksLeavesWhatTheyCompute) {
  for (const Pair& p : pairs()) {
    const at::NoGradGuard none;
    const Alignment found = match_weights(p.symmetry, p.a->parameters(), p.b->parameters());
    const at::Tensor before = p.b->forward(p.x);
    const NamedParameters values = rearranged(p.symmetry, found.arrangement, Pair::all(*p.b)), own = Pair::all(*p.b);
    for (std::size_t i = 0; i < own.size(); ++i) own[i].second.detach().copy_(values[i].second);
    EXPECT_LT((p.b->forward(p.x) - before).abs().max().item<double>(), 1e-12 * before.abs().max().item<double>());
    const Alignment as_is =
        aligned_as(p.symmetry, p.a->parameters(), p.b->parameters(), identity_arrangement(p.symmetry));
    EXPECT_NEAR(aligned_as(p.symmetry, p.a->parameters(), p.b->parameters(), identity_arrangement(p.symmetry)).distance,
                found.distance, 1e-9);  // b is arranged now
    EXPECT_GE(as_is.similarity, found.similarity - 1e-12);
  }
}

// With one hidden layer the matching is one assignment, signs included: the best of all n! 2^n arrangements.
TEST(Alignment, OfOneLayerIsTheBestOfAll) {
  const Pair p({{.activation = Activation::tanh, .units = 4}, {.units = 2}}, {.input = {3}});
  const Alignment found = match_weights(p.symmetry, p.a->parameters(), p.b->parameters(), {.starts = 1});
  double best = -1.0;
  std::size_t group = 0;
  while (p.symmetry.groups[group].fixed) ++group;
  std::vector<std::int64_t> order(4);
  std::iota(order.begin(), order.end(), 0);
  do {
    for (int bits = 0; bits < 16; ++bits) {
      Arrangement x = identity_arrangement(p.symmetry);
      x.permutations[group] = at::tensor(order, at::kLong);
      for (int u = 0; u < 4; ++u) x.factors[0][u] = (bits >> u) % 2 == 0 ? 1.0 : -1.0;
      best = std::max(best, aligned_as(p.symmetry, p.a->parameters(), p.b->parameters(), x).similarity);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_NEAR(found.similarity, best, 1e-12);
}

TEST(Alignment, RefusesWeightsThatAreNotFinite) {
  const Pair p({{.units = 4}, {.units = 2}}, {.input = {3}});
  p.b->parameters()[0].second.detach()[0][0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(match_weights(p.symmetry, p.a->parameters(), p.b->parameters()), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
