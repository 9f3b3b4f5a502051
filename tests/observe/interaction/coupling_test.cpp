#include "thalweg/observe/interaction/coupling.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "tests/observe/collect.h"
#include "tests/observe/small_loop.h"

namespace thalweg {
namespace {

using testing::ElementsAre;

// --- y = x w₁ w₂ … w_l, the chain of the textbook's section 8.7.1: L = y, so that every order is known.

struct Chain {
  double x = 0.7;
  std::vector<double> w{0.9, -1.3, 1.1, 0.6, -0.8}, u{0.02, 0.05, -0.03, 0.04, 0.01};

  // Order k: the sum over all k layers S of x Π_{i∈S} u_i Π_{i∉S} w_i.
  double order(int k) const {
    double sum = 0.0;
    for (unsigned set = 0; set < (1U << w.size()); ++set) {
      if (__builtin_popcount(set) != k) continue;
      double product = x;
      for (std::size_t i = 0; i < w.size(); ++i) product *= (set >> i & 1U) != 0 ? u[i] : w[i];
      sum += product;
    }
    return sum;
  }
  double entry(std::size_t i, std::size_t j) const {
    if (i == j) return 0.0;
    double product = x * u[i] * u[j];
    for (std::size_t k = 0; k < w.size(); ++k) product *= k == i || k == j ? 1.0 : w[k];
    return product;
  }

  Coupling coupling() const {
    std::vector<at::Tensor> weights, update, leaves;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < w.size(); ++i) {
      weights.push_back(at::tensor({w[i]}, at::kDouble));
      update.push_back(at::tensor({u[i]}, at::kDouble));
      leaves.push_back(weights[i].clone().requires_grad_(true));
      names.push_back("linear" + std::to_string(i + 1) + ".weight");
    }
    const auto loss = [this](const std::vector<at::Tensor>& at) {
      at::Tensor y = at::tensor({x}, at::kDouble);
      for (const at::Tensor& weight : at) y = y * weight;
      return y.sum();
    };
    StepGraph graph(loss(leaves), leaves);
    const auto gradient = graph.gradient();
    return measure_coupling({.layers = layer_groups(names, 12),
                             .weights = weights,
                             .gradient = gradient,
                             .update = update,
                             .product = [&](const std::vector<at::Tensor>& v) { return graph.product(v); },
                             .loss = [&](const std::vector<at::Tensor>& at) { return loss(at).item<double>(); },
                             .loss_here = loss(weights).item<double>()});
  }
};

TEST(Coupling, OfTheScalarChainAgreesInEveryOrder) {
  const Chain chain;
  const Coupling c = chain.coupling();
  double orders = 0.0, beyond = 0.0;
  for (int k = 1; k <= 5; ++k) orders += chain.order(k);
  for (int k = 3; k <= 5; ++k) beyond += chain.order(k);
  EXPECT_NEAR(c.change, orders, 1e-10) << "the orders together are the finite difference";
  EXPECT_NEAR(c.slope(), chain.order(1), 1e-10);
  EXPECT_NEAR(0.5 * c.curvature(), chain.order(2), 1e-10);
  EXPECT_NEAR(c.beyond_second(), beyond, 1e-10);
  EXPECT_NEAR(c.alone(), chain.order(1), 1e-10) << "the chain is linear in each layer alone";
  EXPECT_NEAR(c.interaction(), chain.order(2) + beyond, 1e-10);
  EXPECT_GT(std::abs(beyond), 1e-6) << "there is something beyond second order to be found";
}

TEST(Coupling, OfTheScalarChainIsAllBetweenLayers) {
  const Chain chain;
  const Coupling c = chain.coupling();
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(c.at(i, j), chain.entry(i, j), 1e-12) << i << ", " << j;
    EXPECT_NEAR(c.share(i), 1.0, 1e-12);
  }
  EXPECT_NEAR(c.share(), 1.0, 1e-12);
  EXPECT_EQ(c.products, 5);
  EXPECT_EQ(c.forwards, 6);
}

// --- L = Σ_i ½ a_i w_i²: no layer feels another.

TEST(Coupling, OfLayersThatDoNotFeelEachOtherIsNone) {
  const std::vector<at::Tensor> w{at::tensor({1.0, 2.0}, at::kDouble), at::tensor({3.0}, at::kDouble)};
  const std::vector<at::Tensor> u{at::tensor({0.1, -0.2}, at::kDouble), at::tensor({0.3}, at::kDouble)};
  const std::vector<at::Tensor> g{2.0 * w[0], 5.0 * w[1]};
  const Coupling c = measure_coupling({.layers = layer_groups(std::vector<std::string>{"a.weight", "b.weight"}, 12),
                                       .weights = w,
                                       .gradient = g,
                                       .update = u,
                                       .product =
                                           [](const std::vector<at::Tensor>& v) {
                                             return std::vector<at::Tensor>{2.0 * v[0], 5.0 * v[1]};
                                           },
                                       .loss =
                                           [](const std::vector<at::Tensor>& at) {
                                             return (at[0].square().sum() + 2.5 * at[1].square().sum()).item<double>();
                                           },
                                       .loss_here = 5.0 + 22.5});
  EXPECT_NEAR(c.share(), 0.0, 1e-15);
  EXPECT_NEAR(c.at(0, 0), 2.0 * 0.05, 1e-12);
  EXPECT_NEAR(c.at(1, 1), 5.0 * 0.09, 1e-12);
  EXPECT_NEAR(c.interaction(), 0.0, 1e-12);
  EXPECT_NEAR(c.beyond_second(), 0.0, 1e-12);
}

// --- the instrument on a training step, against the whole Hessian in double

struct Seen {
  SmallLoop loop;
  Collect said;
  explicit Seen(const SmallLoop::Options& options) : loop(options) {}
  void step() {
    static const std::vector<std::string> kNames{"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"};
    LayerCoupling instrument;
    loop.forward();
    instrument.before_backward(loop.step);
    loop.move();
    loop.step.names = kNames;
    loop.step.scope_of = [](std::string_view layer) { return static_cast<Scope>(layer == "linear1" ? 1 : 2); };
    loop.step.loss_at = [this](const std::vector<at::Tensor>& weights) {
      const std::vector<at::Tensor> kept = std::exchange(loop.before, weights), still = loop.update;
      for (at::Tensor& u : loop.update) u = at::zeros_like(u);
      const double loss = loop.loss_at(0.0, loop.o.type);
      loop.before = kept;
      loop.update = still;
      return loss;
    };
    instrument.after_update(loop.step, said);
  }
};

TEST(LayerCoupling, IsThatOfTheWholeHessian) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    Seen seen({.type = type, .adam = true, .rate = 0.02});
    seen.step();
    const at::Tensor h = seen.loop.hessian(), u = SmallLoop::flat(SmallLoop::wide(seen.loop.update));
    const std::int64_t first = 10 * 12 + 12, all = u.numel();
    const auto part = [&](std::int64_t i) { return std::pair(i == 0 ? 0 : first, i == 0 ? first : all - first); };
    double sum = 0.0, own = 0.0, row = 0.0;
    for (std::int64_t i = 0; i < 2; ++i) {
      for (std::int64_t j = 0; j < 2; ++j) {
        const auto [a, n] = part(i);
        const auto [b, m] = part(j);
        const double entry =
            std::abs(u.narrow(0, a, n).dot(h.narrow(0, a, n).narrow(1, b, m).mv(u.narrow(0, b, m))).item<double>());
        sum += entry;
        own += i == j ? entry : 0.0;
        row += i == 0 ? entry : 0.0;
      }
    }
    const double tolerance = type == at::kFloat ? 1e-4 : 1e-10;
    const Reading& share = seen.said.only(Quantity::coupling_share);
    EXPECT_NEAR(share.value, (sum - own) / sum, tolerance);
    EXPECT_NEAR(seen.said.only(Quantity::coupling_share, 1).value, 0.5 * (sum - own) / row, tolerance);
    EXPECT_LE(std::abs(share.value - (sum - own) / sum), static_cast<double>(share.error));
    EXPECT_GT(share.value, 0.05) << "two layers in a row feel each other";
  }
}

TEST(LayerCoupling, TheChangesAddUp) {
  Seen seen({.type = at::kDouble, .rate = 0.3});
  seen.step();
  const double alone = seen.said.only(Quantity::change_alone).value;
  EXPECT_NEAR(alone, seen.said.only(Quantity::change_alone, 1).value + seen.said.only(Quantity::change_alone, 2).value,
              1e-12);
  const double change = seen.loop.loss_at(1.0, at::kDouble) - seen.loop.loss_at(0.0, at::kDouble);
  EXPECT_NEAR(alone + seen.said.only(Quantity::change_interaction).value, change, 1e-12);
  const double second = dot(seen.loop.gradient, seen.loop.update) + 0.5 * seen.loop.curvature(seen.loop.update);
  EXPECT_NEAR(seen.said.only(Quantity::change_beyond_second).value, change - second, 1e-10);
}

// What is beyond second order falls with the third power of the step.
TEST(LayerCoupling, BeyondSecondOrderIsOfThirdOrder) {
  double last = 0.0;
  for (const double rate : {0.1, 0.05}) {
    Seen seen({.type = at::kDouble, .rate = rate});
    seen.step();
    const double beyond = std::abs(seen.said.only(Quantity::change_beyond_second).value);
    if (last > 0.0) {
      EXPECT_NEAR(last / beyond, 8.0, 2.0);
    }
    last = beyond;
  }
}

// --- layers from names

std::vector<std::string> names_of(const std::vector<LayerGroup>& groups) {
  std::vector<std::string> result;
  for (const LayerGroup& g : groups) result.push_back(g.name);
  return result;
}

TEST(LayerGroups, AreNamesBeforeTheLastDot) {
  const std::vector<std::string> names{"conv1.weight", "conv1.bias", "block.conv1.weight", "head.weight"};
  const auto groups = layer_groups(names, 12);
  EXPECT_THAT(names_of(groups), ElementsAre("conv1", "block.conv1", "head"));
  EXPECT_THAT(groups[0].parameters, ElementsAre(0U, 1U));
}

TEST(LayerGroups, AreJoinedWhereTheyAreMany) {
  const std::vector<std::string> names{"a.x.weight", "a.y.weight", "b.x.weight", "b.y.weight", "c.weight"};
  EXPECT_THAT(names_of(layer_groups(names, 3)), ElementsAre("a", "b", "c"));
  EXPECT_THAT(names_of(layer_groups(names, 2)), ElementsAre("a", "b…c"));
  std::size_t covered = 0;
  for (const LayerGroup& g : layer_groups(names, 2)) covered += g.parameters.size();
  EXPECT_EQ(covered, names.size());
}

}  // namespace
}  // namespace thalweg
