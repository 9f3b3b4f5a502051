// Alignment of any networks: never further apart than before, and what is done to a group alone is the best there is.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "thalweg/recipe/recipe.h"
#include "thalweg/survey/alignment.h"
#include "thalweg/survey/alignment_terms.h"

namespace thalweg {
namespace {

using recipe::Activation;
using recipe::Layer;
using recipe::LayerType;

// --- one group: every permutation that keeps its blocks, with every choice of signs

using Matrix = std::vector<std::vector<double>>;

struct Term {
  Matrix similarity;
  std::vector<std::size_t> cells;
};

// The best sign of a pair counts, whatever the others' are.
double best_of_pair(const std::vector<Term>& terms, std::size_t cells, std::size_t i, std::size_t j) {
  double best = -INFINITY;
  for (std::size_t signs = 0; signs < (std::size_t{1} << cells); ++signs) {
    double sum = 0.0;
    for (const Term& term : terms) {
      double value = term.similarity[i][j];
      for (const std::size_t cell : term.cells) value *= (signs >> cell) % 2 == 1 ? -1.0 : 1.0;
      sum += value;
    }
    best = std::max(best, sum);
  }
  return best;
}

bool keeps_blocks(const std::vector<std::size_t>& order, std::size_t each) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] / each != order[i / each * each] / each) return false;
  }
  return true;
}

double by_trying_all(const std::vector<Term>& terms, std::size_t cells, std::size_t n, std::size_t blocks) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  double best = -INFINITY;
  do {
    if (!keeps_blocks(order, n / blocks)) continue;
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += best_of_pair(terms, cells, i, order[i]);
    best = std::max(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

double reached(const Pairing& pairing, const std::vector<Term>& terms, std::size_t n) {
  const auto* order = pairing.permutation.const_data_ptr<std::int64_t>();
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (const Term& term : terms) {
      double value = term.similarity[i][static_cast<std::size_t>(order[i])];
      for (const std::size_t cell : term.cells)
        value *= pairing.signs.at(cell)[static_cast<std::int64_t>(i)].item<double>();
      sum += value;
    }
  }
  return sum;
}

Matrix random_matrix(std::mt19937& random, std::size_t n) {
  Matrix matrix(n, std::vector<double>(n));
  for (auto& row : matrix) {
    for (double& value : row) value = static_cast<double>(static_cast<int>(random() % 9) - 4);  // with ties and zeros
  }
  return matrix;
}

at::Tensor tensor_of(const Matrix& matrix) {
  std::vector<at::Tensor> rows;
  rows.reserve(matrix.size());
  for (const auto& row : matrix) rows.push_back(at::tensor(row, at::kDouble));
  return at::stack(rows);
}

TEST(AlignmentProperty, PairsAGroupInTheBestWayThereIs) {
  EXPECT_TRUE(rc::check("no other pairing is better", [](std::uint32_t seed) {
    std::mt19937 random(seed);
    for (int k = 0; k < 50; ++k) {
      const std::size_t n = 1 + random() % 5, cells = random() % 3, blocks = n % 2 == 0 && random() % 2 == 0 ? 2 : 1;
      std::vector<Term> terms(1 + random() % 3);
      std::vector<SimilarityTerm> given;
      for (Term& term : terms) {
        term.similarity = random_matrix(random, n);
        for (std::size_t cell = 0; cell < cells; ++cell) {
          if (random() % 2 == 0) term.cells.push_back(cell);
        }
        given.push_back({.similarity = tensor_of(term.similarity), .cells = term.cells});
      }
      const UnitGroup group{.size = static_cast<std::int64_t>(n), .blocks = static_cast<std::int64_t>(blocks)};
      const double found = reached(best_pairing(group, given, {}), terms, n);
      RC_ASSERT(std::abs(found - by_trying_all(terms, cells, n, blocks)) < 1e-9);
    }
  }));
}

// --- whole networks

std::vector<Layer> random_layers(std::mt19937& random, bool inner) {
  constexpr Activation kActivations[] = {Activation::none, Activation::relu, Activation::tanh, Activation::gelu};
  const auto activation = [&] { return kActivations[random() % 4]; };
  const auto conv = [&](int channels) {
    return Layer{.type = LayerType::conv, .activation = activation(), .channels = channels, .padding = 1};
  };
  std::vector<Layer> layers{conv(4)};
  for (unsigned i = 1 + random() % 3; i > 0; --i) {
    switch (random() % (inner ? 3 : 4)) {
      case 0:
        layers.push_back(conv(2 + static_cast<int>(random() % 4)));
        break;
      case 1:
        layers.push_back({.type = LayerType::batch_norm, .activation = activation()});
        break;
      case 2:
        layers.push_back({.type = LayerType::group_norm, .activation = activation(), .groups = 1});
        break;
      default:
        layers.push_back(
            {.type = LayerType::residual, .activation = activation(), .inner = random_layers(random, true)});
    }
  }
  if (!inner) {
    layers.push_back({.type = LayerType::flatten});
    layers.push_back({.activation = activation(), .units = 5});
    layers.push_back({.units = 3});
  }
  return layers;
}

struct Two {
  std::unique_ptr<Network> a, b;
  Symmetry symmetry;

  Two(std::vector<Layer> layers, const NetworkShape& shape) {
    recipe::Model model;
    model.layers = std::move(layers);
    a = build_network(model, shape, 1);
    b = build_network(model, shape, 2);
    for (Network* network : {a.get(), b.get()}) {
      network->to(at::kDouble, at::kCPU);
      network->train(false);
    }
    symmetry = symmetry_of(model, shape, *a);
  }
  at::Tensor of(const NamedParameters& weights, const at::Tensor& x) const {
    for (std::size_t i = 0; i < weights.size(); ++i) b->parameters()[i].second.detach().copy_(weights[i].second);
    return b->forward(x).detach().clone();
  }
};

double squared_distance(const NamedParameters& a, const NamedParameters& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i].second - b[i].second).square().sum().item<double>();
  return sum;
}

TEST(AlignmentProperty, BringsAnyNetworkNearerAndLeavesWhatItComputes) {
  EXPECT_TRUE(rc::check("nearer than as it was, and the same function", [](std::uint32_t seed) {
    const at::NoGradGuard none;
    std::mt19937 random(seed);
    const Two two(random_layers(random, false), {.input = {2, 3, 3}});
    const NamedParameters &a = two.a->parameters(), &b = two.b->parameters();
    const Alignment found = match_weights(two.symmetry, a, b, {.starts = 1});
    const NamedParameters moved = rearranged(two.symmetry, found.arrangement, b);
    const double before = squared_distance(a, b), after = squared_distance(a, moved);
    RC_ASSERT(after <= before * (1.0 + 1e-12));
    RC_ASSERT(std::abs(found.distance * found.distance - after) < 1e-9 * before);
    const at::Tensor x = at::sin(at::arange(72, at::kDouble)).view({4, 2, 3, 3});
    const at::Tensor original = two.b->forward(x).detach().clone();
    RC_ASSERT((two.of(moved, x) - original).abs().max().item<double>() < 1e-9);
  }));
}

// Each step looks at what its group touches alone: a sweep over 200 layers costs what its weights do, not their square.
TEST(AlignmentProperty, AVeryDeepNetworkIsFoundAgain) {
  std::vector<Layer> layers(200, Layer{.activation = Activation::tanh, .units = 4});
  layers.push_back({.units = 3});
  const Two two(layers, {.input = {4}});
  const NamedParameters a = two.a->parameters(),
                        hidden = rearranged(two.symmetry, random_arrangement(two.symmetry, 3), a);
  const Alignment found = match_weights(two.symmetry, a, hidden);
  EXPECT_GT(found.similarity, aligned_as(two.symmetry, a, hidden, identity_arrangement(two.symmetry)).similarity);
  EXPECT_GT(found.similarity, 0.5);
}

}  // namespace
}  // namespace thalweg
