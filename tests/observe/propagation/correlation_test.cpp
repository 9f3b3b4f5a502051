// The correlation length against mean-field theory, which the measure knows nothing of.
#include "thalweg/observe/propagation/correlation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/observe/propagation/hand_chain.h"
#include "tests/observe/propagation/mean_field.h"
#include "thalweg/observe/propagation/signal.h"

namespace thalweg {
namespace {

// Two groups of rows: alike within, unlike between; their difference falls by e^(−1/ξ) a layer by construction.
at::Tensor cosines_with(double length, double limit, int layers) {
  std::vector<at::Tensor> all;
  at::manual_seed(3);
  const at::Tensor noise = at::rand({32, 32}, at::kDouble) - 0.5;
  for (int l = 0; l < layers; ++l) {
    const at::Tensor c = limit + std::exp(-l / length) * 0.5 * (noise + noise.t());
    all.push_back(c.clone().fill_diagonal_(1.0));
  }
  return at::stack(all);
}

TEST(CorrelationLength, IsExactWhereTheLawHoldsExactly) {
  for (const double length : {0.7, 3.0, 25.0}) {
    for (const double limit : {0.2, 0.9}) {
      const CorrelationLength found = correlation_length(cosines_with(length, limit, 9));
      EXPECT_NEAR(found.length, length, 1e-6 * length);
      EXPECT_NEAR(found.low, length, 1e-3 * length);
      EXPECT_NEAR(found.high, length, 1e-3 * length);
    }
  }
}

TEST(CorrelationLength, IsInfiniteWhereNothingIsLost) {
  const CorrelationLength found = correlation_length(cosines_with(1e300, 0.3, 6));
  EXPECT_TRUE(std::isinf(found.high));
  EXPECT_NEAR(found.rate, 0.0, 1e-9);
}

// Small weights without biases keep all angles and lose all size: the signal goes by that.
TEST(CorrelationLength, OfAShrinkingSignalIsThatOfItsSize) {
  std::vector<at::Tensor> all;
  for (int l = 0; l < 9; ++l) all.push_back(std::exp(-l / 2.0) * cosines_with(1e300, 0.3, 1)[0]);
  EXPECT_NEAR(correlation_length(at::stack(all)).length, 2.0, 1e-9);
}

TEST(CorrelationLength, OfTooFewRowsOrLayersIsNotSaid) {
  EXPECT_TRUE(std::isnan(correlation_length(cosines_with(3.0, 0.3, 9).slice(1, 0, 10).slice(2, 0, 10)).length));
  EXPECT_TRUE(std::isnan(correlation_length(cosines_with(3.0, 0.3, 1)).length));
}

TEST(MeanCorrelation, IsTheMeanOverPairsAndItsBarGrowsWithTheScatter) {
  const at::Tensor h = at::randn({16, 7}, at::kDouble);
  double sum = 0.0;
  for (int i = 0; i < 16; ++i) {
    for (int j = i + 1; j < 16; ++j) sum += at::cosine_similarity(h[i], h[j], 0).item<double>();
  }
  const MeanCorrelation found = mean_correlation(cosines(inner_products(h, 64)));
  EXPECT_NEAR(found.value, sum / 120.0, 1e-12);
  EXPECT_GT(found.error, 0.0);
}

// Rows on a line between two points and off it, as different as images are; all of the length that the layers keep.
at::Tensor inputs_of_size(double rms) {
  const at::Tensor ends = at::randn({2, 400}), t = at::rand({64, 1});
  const at::Tensor x = t * ends[0] + (1.0 - t) * ends[1] + 0.2 * at::randn({64, 400});
  return rms * x / (x.norm(2, {1}, true) / 20.0);
}

struct Case {
  const char* name;
  double sigma_w, sigma_b;
  int depth;
};
class WideTanh : public testing::TestWithParam<Case> {};

// Twenty networks each, width 400: a 95% band may miss the theory's ξ now and then, and finite width moves it a little.
TEST_P(WideTanh, HasTheMeanFieldLengthInsideItsBand) {
  const Case& c = GetParam();
  const MeanFieldTanh field(c.sigma_w, c.sigma_b);
  const double theory = field.length();
  constexpr int kNetworks = 20;
  int inside = 0, telling = 0;
  std::string all;
  for (int seed = 0; seed < kNetworks; ++seed) {
    HandChain chain = random_chain(static_cast<std::uint64_t>(seed), c.depth, 400, c.sigma_w, c.sigma_b, at::kFloat);
    chain.x = inputs_of_size(std::sqrt(field.q() - c.sigma_b * c.sigma_b) / c.sigma_w);
    const Signal s = measure_signal(chain.through(), {.gradients = false, .units = false});
    all += fmt::format("\n{:.3g} [{:.3g}, {:.3g}]", s.length, s.length_low, s.length_high);
    inside += s.length_low <= theory && theory <= s.length_high ? 1 : 0;
    telling += s.length_low > 0.4 * s.length && std::isfinite(s.length_high) ? 1 : 0;
  }
  EXPECT_GE(inside, 18) << "mean-field ξ = " << theory << all;
  // Next to criticality the steps scatter as much as they fall, and some bands are open.
  EXPECT_GE(telling, theory > 6.0 ? 10 : 15) << "a band that swallows everything is useless" << all;
}

INSTANTIATE_TEST_SUITE_P(Phases, WideTanh,
                         testing::Values(Case{"ordered", 0.8, 0.05, 16}, Case{"ordered_with_bias", 1.1, 0.5, 16},
                                         Case{"nearly_critical", 1.0, 0.1, 24}, Case{"chaotic", 1.8, 0.2, 30},
                                         Case{"far_in_chaos", 2.5, 0.3, 20}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace thalweg
