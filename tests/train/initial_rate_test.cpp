// The critical rate of the first update: on quadratics in closed form, on networks without leaving a trace.
#include "thalweg/train/initial_rate.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>

#include "tests/train/small_runs.h"
#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

// L = ½ Σ h_i w_i², gradient descent.
struct Quadratic {
  at::Tensor h, w;
  RateProblem problem() {
    return {
        .parameters = {w},
        .loss = [this](int) { return 0.5 * (h * w * w).sum().item<double>(); },
        .gradient = [this](int) { return std::vector<at::Tensor>{(h * w).clone()}; },
        .update = [](const std::vector<at::Tensor>& g, double rate) { return std::vector<at::Tensor>{-rate * g[0]}; },
        .rounding = 1e-14};
  }
};

at::Tensor doubles(std::vector<double> values) { return at::tensor(values, at::kDouble); }

TEST(InitialRate, OnAQuadraticIsTwiceGradientSquaredOverItsCurvature) {
  Quadratic q{.h = doubles({1.0, 4.0, 25.0}), .w = doubles({1.0, -2.0, 0.3})};
  const at::Tensor g = q.h * q.w;
  const double closed = 2.0 * g.dot(g).item<double>() / (g * q.h).dot(g).item<double>();
  const InitialRate rate = initial_rate(q.problem(), {.batches = 1, .ratio = 1.001});
  ASSERT_TRUE(rate.known()) << rate.reason;
  EXPECT_NEAR(rate.critical.at(0), closed, 1e-3 * closed);
  EXPECT_LE(rate.critical.at(0), closed);
  EXPECT_GE(rate.critical.at(0), 2.0 / 25.0 * (1 - 1e-3)) << "never below 2/λmax";
}

TEST(InitialRate, AlongTheTopEigenvectorIsTwoOverLambda) {
  Quadratic q{.h = doubles({1.0, 25.0}), .w = doubles({0.0, 1.0})};
  const InitialRate rate = initial_rate(q.problem(), {.batches = 2, .ratio = 1.01});
  EXPECT_NEAR(rate.low, 2.0 / 25.0, 0.01 * 2.0 / 25.0);
  EXPECT_EQ(rate.low, rate.high);
  EXPECT_DOUBLE_EQ(rate.recommended, InitialRateOptions().share * rate.low);
}

// 2/λ over nine decades: no grid of rates is assumed.
TEST(InitialRate, HasNoScaleOfItsOwn) {
  for (const double scale : {1e-6, 1.0, 1e3}) {
    Quadratic q{.h = doubles({scale}), .w = doubles({1.0})};
    EXPECT_NEAR(initial_rate(q.problem(), {.batches = 1}).low * scale, 2.0, 0.1) << scale;
  }
}

TEST(InitialRate, CannotTellWhereTheStartIsFlat) {
  Quadratic q{.h = doubles({1.0, 1.0}), .w = doubles({0.0, 0.0})};
  const InitialRate rate = initial_rate(q.problem());
  EXPECT_FALSE(rate.known());
  EXPECT_THAT(rate.reason, HasSubstr("the gradient is zero"));
  EXPECT_TRUE(std::isnan(rate.recommended));
}

TEST(InitialRate, CannotTellWhereTheLossIsNotFinite) {
  Quadratic q{.h = doubles({INFINITY}), .w = doubles({1.0})};
  EXPECT_THAT(initial_rate(q.problem()).reason, HasSubstr("not finite"));
}

TEST(InitialRate, CannotTellWhereTheLossNeverRises) {
  at::Tensor w = doubles({1.0});
  const RateProblem falling{
      .parameters = {w},
      .loss = [&](int) { return std::exp(-w.item<double>()); },
      .gradient = [&](int) { return std::vector<at::Tensor>{-at::exp(-w)}; },
      .update = [](const std::vector<at::Tensor>& g, double rate) { return std::vector<at::Tensor>{-rate * g[0]}; }};
  EXPECT_THAT(initial_rate(falling).reason, HasSubstr("never rises"));
  EXPECT_EQ(w.item<double>(), 1.0);
}

TEST(InitialRate, CannotTellWhereBatchesDisagree) {
  Quadratic q{.h = doubles({1.0}), .w = doubles({1.0})};
  RateProblem problem = q.problem();
  problem.loss = [&](int batch) { return 0.5 * (batch == 0 ? 1.0 : 100.0) * q.w.square().sum().item<double>(); };
  problem.gradient = [&](int batch) { return std::vector<at::Tensor>{(batch == 0 ? 1.0 : 100.0) * q.w}; };
  EXPECT_THAT(initial_rate(problem).reason, HasSubstr("batches disagree"));
}

TEST(InitialRate, AnUphillFirstUpdateIsSaid) {
  Quadratic q{.h = doubles({1.0}), .w = doubles({1.0})};
  RateProblem problem = q.problem();
  problem.update = [](const std::vector<at::Tensor>& g, double rate) { return std::vector<at::Tensor>{rate * g[0]}; };
  EXPECT_THAT(initial_rate(problem).reason, HasSubstr("uphill"));
}

std::vector<at::Tensor> everything(const Workbench& bench) {
  std::vector<at::Tensor> all{random_state()};
  for (const auto& [name, p] : bench.network->parameters()) all.push_back(p.detach().clone());
  for (const auto& [name, b] : bench.network->buffers()) all.push_back(b.clone());
  return all;
}

class EveryNetworksRate : public testing::TestWithParam<small_runs::Network> {};

TEST_P(EveryNetworksRate, LeavesNoTrace) {
  const small_runs::Folder folder;
  Workbench bench(recipe::parse_text(small_runs::recipe(GetParam(), folder.path), "small.toml", folder.path));
  const std::vector<at::Tensor> before = everything(bench);
  const InitialRate rate = initial_rate(bench, {.batches = 2});
  const std::vector<at::Tensor> after = everything(bench);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i].equal(after[i])) << i;
  for (const at::Tensor& p : bench.parameters) EXPECT_FALSE(p.grad().defined());
  ASSERT_TRUE(rate.known()) << rate.reason;
  EXPECT_GT(rate.recommended, 0.0);
  EXPECT_LE(rate.low, rate.high);
  EXPECT_EQ(initial_rate(bench, {.batches = 2}).critical, rate.critical) << "the same answer each time";
}

INSTANTIATE_TEST_SUITE_P(, EveryNetworksRate, testing::ValuesIn(small_runs::networks()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace thalweg
