#include "thalweg/observe/gradient/moment_ratio.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/observe/collect.h"

namespace thalweg {
namespace {

struct Moments final : OptimizerView {
  std::vector<at::Tensor> v;
  std::string name() const override { return "moments"; }
  double learning_rate() const override { return 0.01; }
  std::vector<bool> steps() const override { return std::vector<bool>(v.size(), true); }
  std::optional<StabilityLimit> stability_limit() const override { return std::nullopt; }
  std::vector<at::Tensor> preconditioner() const override { return {}; }
  std::vector<at::Tensor> second_moments() const override { return v; }
};

Collect look(const std::vector<at::Tensor>& gradients, const std::vector<at::Tensor>& moments) {
  Moments optimizer;
  optimizer.v = moments;
  const std::vector<Scope> scopes{1, 2, 3, 4};
  Step step{.scopes = std::span(scopes).first(gradients.size()), .optimizer = &optimizer};
  for (const at::Tensor& g : gradients) {
    at::Tensor w = g.defined() ? at::zeros_like(g) : at::zeros({1});
    if (g.defined()) w.mutable_grad() = g;
    step.parameters.push_back(w);
  }
  Collect said;
  MomentRatio().after_update(step, said);
  return said;
}

at::Tensor random(std::int64_t count, at::ScalarType type, std::uint64_t seed) {
  return at::randn({count}, at::make_generator<at::CPUGeneratorImpl>(seed), at::kDouble).to(type);
}

TEST(MomentRatio, IsOneWhereTheMomentsAreThoseOfTheGradient) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor g = random(1500, type, 1), other = random(70, type, 2) * 100.0;
    const Collect said = look({g, other}, {g.square(), other.square()});
    for (const Scope scope : {kWholeModel, Scope{1}, Scope{2}}) {
      EXPECT_NEAR(said.only(Quantity::moment_surprise, scope).value, 1.0, 1e-5);
      EXPECT_NEAR(said.only(Quantity::moment_staleness, scope).value, 1.0, 1e-5);
    }
  }
}

TEST(MomentRatio, IsTheFormulaOfEachParameterAndOfTheWhole) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor g = random(1500, type, 1), h = random(70, type, 2);
    const at::Tensor v = random(1500, type, 3).square() + 0.1, w = random(70, type, 4).square() + 0.1;
    const Collect said = look({g, h}, {v, w});
    const at::Tensor ratios = at::cat({g.square() / v, h.square() / w}).to(at::kDouble);
    EXPECT_NEAR(said.only(Quantity::moment_surprise).value, std::sqrt(ratios.mean().item<double>()), 1e-5);
    EXPECT_NEAR(said.only(Quantity::moment_surprise, 2).value, std::sqrt((h.square() / w).mean().item<double>()), 1e-5);
    const double all = (v.sum() + w.sum()).item<double>() / (g.square().sum() + h.square().sum()).item<double>();
    EXPECT_NEAR(said.only(Quantity::moment_staleness).value, std::sqrt(all), 1e-5);
  }
}

// Adam's own average: gradients that grow tenfold surprise it, and those that shrink tenfold leave it stale.
TEST(MomentRatio, TellsBothDirectionsOfAJump) {
  const auto after = [](double jump) {
    at::Tensor v = at::zeros({2000});
    double correction = 1.0;
    at::Tensor g;
    for (int i = 0; i < 300; ++i) {
      g = random(2000, at::kFloat, static_cast<std::uint64_t>(i)) * (i == 299 ? jump : 1.0);
      v = 0.99 * v + 0.01 * g.square();
      correction *= 0.99;
    }
    return look({g}, {v / (1.0 - correction)});
  };
  EXPECT_GT(after(10.0).only(Quantity::moment_surprise).value, 2.3);
  EXPECT_NEAR(after(1.0).only(Quantity::moment_surprise).value, 1.0, 0.1);
  EXPECT_NEAR(after(1.0).only(Quantity::moment_staleness).value, 1.0, 0.1);
  EXPECT_NEAR(after(0.1).only(Quantity::moment_staleness).value, 10.0, 1.0);
}

TEST(MomentRatio, DoesNotDependOnTheScaleOfTheLoss) {
  const at::Tensor g = random(1500, at::kDouble, 1), v = random(1500, at::kDouble, 2).square() + 0.1;
  const double expected = look({g}, {v}).only(Quantity::moment_surprise).value;
  for (const double scale : {1e-12, 1e12}) {
    const Collect said = look({(scale * g).to(at::kFloat)}, {(scale * scale * v).to(at::kFloat)});
    EXPECT_NEAR(said.only(Quantity::moment_surprise).value, expected, 1e-5) << scale;
  }
}

TEST(MomentRatio, LeavesOutEntriesWithoutHistory) {
  const Collect said = look({at::tensor({2.0F, 0.0F})}, {at::tensor({1.0F, 0.0F})});
  EXPECT_EQ(said.only(Quantity::moment_surprise).value, 2.0);
}

TEST(MomentRatio, SaysNothingWithoutMomentsOrGradients) {
  EXPECT_TRUE(look({at::ones({2})}, {at::Tensor()}).readings.empty()) << "not adaptive";
  EXPECT_TRUE(look({at::ones({2})}, {}).readings.empty());
  EXPECT_TRUE(look({at::Tensor()}, {at::ones({1})}).readings.empty()) << "unused";
  const Collect still = look({at::zeros({2})}, {at::ones({2})});
  EXPECT_EQ(still.only(Quantity::moment_surprise).value, 0.0);
  for (const Reading& r : still.readings) EXPECT_NE(r.quantity, Quantity::moment_staleness) << "would be infinite";
  Step by_hand;
  Collect said;
  MomentRatio().after_update(by_hand, said);
  EXPECT_TRUE(said.readings.empty());
}

}  // namespace
}  // namespace thalweg
