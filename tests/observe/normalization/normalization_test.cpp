#include "thalweg/observe/normalization/normalization.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/observe/collect.h"

namespace thalweg {
namespace {

// A norm without a network: what it is given, and what it makes of it.
struct Norm {
  std::string type = "batch_norm", module;
  std::map<std::string, at::Tensor> buffers;
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  Normalization instrument;
  Collect said;
  std::int64_t index = 0;

  static at::Tensor normalised(const at::Tensor& x, std::vector<std::int64_t> over) {
    return (x - x.mean(over, true)) / (x.var(over, false, true) + 1e-5).sqrt();
  }
  void step(const at::Tensor& input, const at::Tensor& output) {
    Step s{.index = index++, .names = names, .parameters = parameters};
    s.scope_of = [](std::string_view) { return Scope{1}; };
    s.buffer = [this](std::string_view name) {
      const auto found = buffers.find(std::string(name));
      return found == buffers.end() ? at::Tensor() : found->second;
    };
    s.through = [&](Tap& tap, const std::function<void(const at::Tensor&)>& use) {
      tap.passed({.layer = "norm", .type = type, .module = module, .input = input, .before = output, .output = output});
      tap.passed({.layer = "linear1", .type = "linear", .input = input, .before = output, .output = output});
      use(at::zeros({}));
    };
    instrument.after_backward(s, said);
  }
  void keep(const at::Tensor& mean, const at::Tensor& variance) {
    buffers["norm.running_mean"] = mean;
    buffers["norm.running_var"] = variance;
  }
  double value(Quantity quantity) const { return said.only(quantity, 1).value; }
  bool silent(Quantity quantity) const {
    return std::ranges::none_of(said.readings, [&](const Reading& r) { return r.quantity == quantity; });
  }
};

at::Tensor gaussian(at::IntArrayRef sizes, std::uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(sizes, at::kDouble);
}

// --- statistics_noise

// σ² of n Gaussian values is a chi-squared of n − 1 degrees: its relative standard deviation is √(2/(n − 1)).
TEST(Normalization, NoiseIsThatOfAChiSquared) {
  for (const std::int64_t n : {2, 4, 8, 32}) {
    Norm norm;
    norm.keep(at::zeros({4096}, at::kDouble), at::ones({4096}, at::kDouble));
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const at::Tensor x = gaussian({n, 4096}, seed) * at::linspace(1.0, 30.0, 4096, at::kDouble);
      norm.step(x, Norm::normalised(x, {0}));
    }
    const Reading& noise = norm.said.only(Quantity::statistics_noise, 1);
    const double exact = std::sqrt(2.0 / static_cast<double>(n - 1));
    EXPECT_NEAR(noise.value, exact, 0.06 * exact) << n << " rows";
    EXPECT_NEAR(noise.value, exact, 3.0 * static_cast<double>(noise.error)) << n << " rows";
  }
}

TEST(Normalization, TheSameBatchTwiceHasNoNoise) {
  Norm norm;
  norm.keep(at::zeros({3}, at::kDouble), at::ones({3}, at::kDouble));
  const at::Tensor x = gaussian({16, 3}, 5);
  for (int i = 0; i < 2; ++i) norm.step(x, Norm::normalised(x, {0}));
  EXPECT_EQ(norm.value(Quantity::statistics_noise), 0.0);
}

// --- statistics_gap

TEST(Normalization, GapIsTheFormula) {
  Norm norm;
  const at::Tensor x = gaussian({64, 3, 5}, 2);  // the same batch twice: nothing is due to sampling
  norm.type = "";
  norm.module = "BatchNorm1d";
  const at::Tensor mean = at::tensor({0.5, 0.0, -1.0}, at::kDouble),
                   variance = at::tensor({4.0, 1.0, 0.25}, at::kDouble);
  norm.keep(mean, variance);
  for (int i = 0; i < 2; ++i) norm.step(x, Norm::normalised(x, {0, 2}));
  double sum = 0.0;
  for (std::int64_t c = 0; c < 3; ++c) {
    const at::Tensor channel = x.select(1, c);
    const double m = channel.mean().item<double>(), s = channel.std(true).item<double>();
    sum += std::pow((mean[c].item<double>() - m) / s, 2) + std::pow(std::sqrt(variance[c].item<double>()) / s - 1, 2);
  }
  EXPECT_NEAR(norm.value(Quantity::statistics_gap), std::sqrt(sum / 3.0), 1e-9);
}

// True running statistics, small batches: what is left is within the bar, though each batch is far off.
TEST(Normalization, WhatSamplingMakesOfTheGapIsTakenOff) {
  int within = 0;
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Norm norm;
    norm.keep(at::zeros({256}, at::kDouble), at::ones({256}, at::kDouble));
    for (std::uint64_t i = 0; i < 2; ++i) {
      const at::Tensor x = gaussian({8, 256}, 100 + 2 * trial + i);
      norm.step(x, Norm::normalised(x, {0}));
    }
    const Reading& gap = norm.said.only(Quantity::statistics_gap, 1);
    within += gap.value <= static_cast<double>(gap.error) ? 1 : 0;
  }
  EXPECT_GE(within, 19);
}

TEST(Normalization, StatisticsThatNeverMovedAreFarOff) {
  Norm norm;
  norm.keep(at::zeros({64}, at::kDouble), at::ones({64}, at::kDouble));
  for (std::uint64_t i = 0; i < 2; ++i) {
    const at::Tensor x = 5.0 + 0.5 * gaussian({64, 64}, i);
    norm.step(x, Norm::normalised(x, {0}));
  }
  EXPECT_NEAR(norm.value(Quantity::statistics_gap), std::hypot(10.0, 1.0), 0.5);
}

// --- constant_channels, feature_spread

TEST(Normalization, CountsChannelsThatSayTheSameOfEveryRow) {
  Norm norm;
  norm.keep(at::zeros({4}, at::kDouble), at::ones({4}, at::kDouble));
  at::Tensor x = gaussian({32, 4}, 3);
  x.select(1, 2).fill_(7.0);
  for (int i = 0; i < 2; ++i) norm.step(x, Norm::normalised(x, {0}));
  EXPECT_DOUBLE_EQ(norm.value(Quantity::constant_channels), 0.25);
  EXPECT_NEAR(norm.value(Quantity::feature_spread), 1.0, 0.01) << "a constant feature has no spread to have";
}

TEST(Normalization, FeaturesBehindTheRightAxisHaveOneSpread) {
  const at::Tensor scale = at::tensor({1.0, 10.0, 100.0}, at::kDouble);
  Norm norm;
  norm.names = {"norm.weight"};
  norm.parameters = {at::tensor({0.5, 2.0, 1.0}, at::kDouble)};  // the norm's own scales are divided out
  norm.keep(at::zeros({3}, at::kDouble), at::ones({3}, at::kDouble));
  for (std::uint64_t i = 0; i < 2; ++i) {
    const at::Tensor x = gaussian({64, 3, 4, 4}, i) * scale.view({3, 1, 1});
    norm.step(x, Norm::normalised(x, {0, 2, 3}) * norm.parameters[0].view({3, 1, 1}));
  }
  EXPECT_NEAR(norm.value(Quantity::feature_spread), 1.0, 1e-4);
}

TEST(Normalization, FeaturesBehindAWrongAxisAreAsUnequalAsTheirOutputs) {
  const at::Tensor scale = at::tensor({1.0, 10.0, 100.0}, at::kDouble);
  for (const std::vector<std::int64_t>& over : {std::vector<std::int64_t>{1, 2, 3}, {0, 1, 3}}) {
    Norm norm;
    at::Tensor y;
    for (std::uint64_t i = 0; i < 2; ++i) {
      const at::Tensor x = gaussian({64, 3, 4, 4}, i) * scale.view({3, 1, 1});
      y = Norm::normalised(x, over);
      norm.step(x, y);
    }
    const at::Tensor deviation = y.transpose(0, 1).reshape({3, -1}).std(1, false);
    EXPECT_NEAR(norm.value(Quantity::feature_spread), (deviation.max() / deviation.min()).item<double>(), 1e-4);
    EXPECT_GT(norm.value(Quantity::feature_spread), 5.0);
    EXPECT_TRUE(norm.silent(Quantity::statistics_gap)) << "it keeps no statistics";
  }
}

TEST(Normalization, TheFeaturesOfASequenceAreItsLastAxis) {
  Norm norm;
  for (std::uint64_t i = 0; i < 2; ++i) {
    const at::Tensor x = gaussian({32, 5, 3}, i) * at::tensor({1.0, 10.0, 100.0}, at::kDouble);
    norm.step(x, Norm::normalised(x, {0, 1}));
  }
  EXPECT_NEAR(norm.value(Quantity::feature_spread), 1.0, 1e-4);
}

// --- when it speaks

TEST(Normalization, OneBatchAloneTellsNothing) {
  Norm norm;
  const at::Tensor x = gaussian({16, 3}, 1);
  norm.step(x, Norm::normalised(x, {0}));
  EXPECT_TRUE(norm.said.readings.empty());
  ++norm.index;  // a step on which it had no turn: the weights have gone on
  norm.step(x, Norm::normalised(x, {0}));
  EXPECT_TRUE(norm.said.readings.empty());
}

TEST(Normalization, OtherLayersAreNotNorms) {
  Norm norm;
  norm.type = "layer_norm";
  const at::Tensor x = gaussian({16, 3}, 1);
  for (int i = 0; i < 2; ++i) norm.step(x, x);
  EXPECT_TRUE(norm.said.readings.empty());
}

}  // namespace
}  // namespace thalweg
