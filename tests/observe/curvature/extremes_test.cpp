#include "thalweg/observe/curvature/extremes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/observe/collect.h"
#include "tests/observe/curvature/quadratic.h"
#include "tests/observe/small_loop.h"

namespace thalweg {
namespace {

Collect look(Extremes& instrument, const Step& step) {
  Collect said;
  instrument.before_backward(step);
  instrument.after_backward(step, said);
  return said;
}

TEST(Extremes, OfAQuadraticAreItsOwn) {
  Quadratic q;
  Extremes instrument;
  const Collect said = look(instrument, q.step(at::zeros({3}, at::kDouble)));
  EXPECT_NEAR(said.only(Quantity::batch_lambda_max).value, 100.0, 1e-9);
  EXPECT_NEAR(said.only(Quantity::batch_lambda_min).value, 1.0, 1e-9);
}

TEST(Extremes, OfAMicroBatchAreScaledToTheWholeStep) {
  Quadratic q;
  Extremes instrument;
  Step step = q.step(at::zeros({3}, at::kDouble));
  StepGraph quarter(q.loss(), {q.x}, 0.25);
  step.graph = &quarter;
  step.graph_share = 0.25;
  EXPECT_NEAR(look(instrument, step).only(Quantity::batch_lambda_max).value, 100.0, 1e-9);
}

TEST(Extremes, GrowWithTheScaleOfTheLoss) {
  for (const double scale : {1e-12, 1e12}) {
    SmallLoop plain({}), scaled({.rate = 0.1 / scale, .loss_scale = scale});
    Extremes a, b;
    const double one = look(a, plain.forward()).only(Quantity::batch_lambda_max).value;
    const double other = look(b, scaled.forward()).only(Quantity::batch_lambda_max).value;
    EXPECT_NEAR(other / scale, one, 0.02 * one) << scale;
  }
}

TEST(Extremes, SayNothingWhereTheCurvatureIsNotFiniteAndGoOnAfterwards) {
  Quadratic q;
  Extremes instrument;
  const Step good = q.step(at::zeros({3}, at::kDouble));
  look(instrument, good);
  Step bad = good;
  StepGraph broken(q.loss() * std::nan(""), {q.x});
  bad.graph = &broken;
  EXPECT_TRUE(look(instrument, bad).readings.empty());
  EXPECT_NEAR(look(instrument, good).only(Quantity::batch_lambda_max).value, 100.0, 1e-9);
}

TEST(Extremes, OfAChangedModelStartAnew) {
  Quadratic q;
  Extremes instrument;
  look(instrument, q.step(at::zeros({3}, at::kDouble)));
  SmallLoop loop({.type = at::kDouble});
  const Collect said = look(instrument, loop.forward());
  loop.move();
  const double highest = at::linalg_eigvalsh(loop.hessian())[-1].item<double>();
  EXPECT_NEAR(said.only(Quantity::batch_lambda_max).value, highest, 1e-3 * highest);
}

TEST(Extremes, OfALossThatDoesNotCurveAreZero) {
  const at::Tensor w = at::ones({50}).requires_grad_();
  StepGraph flat((w * 3.0).sum(), {w});
  const Step step{.parameters = {w}, .graph = &flat};
  Extremes instrument;
  for (int i = 0; i < 2; ++i) {
    const Collect said = look(instrument, step);
    EXPECT_EQ(said.only(Quantity::batch_lambda_max).value, 0.0);
    EXPECT_EQ(said.only(Quantity::batch_lambda_min).value, 0.0);
  }
}

TEST(Extremes, OfASingleWeightAreItsCurvature) {
  const at::Tensor w = at::ones({1}).requires_grad_(), unused = at::ones({0}).requires_grad_();
  StepGraph graph((1.5 * w * w).sum(), {w, unused});
  Extremes instrument;
  for (int i = 0; i < 2; ++i) {
    const Collect said = look(instrument, {.parameters = {w}, .graph = &graph});
    EXPECT_NEAR(said.only(Quantity::batch_lambda_max).value, 3.0, 1e-6);
    EXPECT_NEAR(said.only(Quantity::batch_lambda_min).value, 3.0, 1e-6);
  }
}

TEST(Extremes, OfHalfPrecisionHaveBarsThatSaySo) {
  const at::Tensor w = at::ones({64}).to(at::kBFloat16).requires_grad_();
  const at::Tensor a = at::linspace(0.1, 4.0, 64).to(at::kBFloat16);
  StepGraph graph((a * w * w).sum(), {w});
  Extremes instrument;
  const Collect said = look(instrument, {.parameters = {w}, .graph = &graph});
  const Reading& max = said.only(Quantity::batch_lambda_max);
  EXPECT_LE(std::abs(max.value - 8.0), static_cast<double>(max.error));
}

class ExtremesBar : public testing::TestWithParam<SmallLoop::Options> {};

// A look on each step of a training, held to the eigenvalues of the dense Hessian in double.
TEST_P(ExtremesBar, CoversTheEigenvaluesInNineteenOfTwentySteps) {
  constexpr int kSteps = 40;
  SmallLoop loop(GetParam());
  Extremes instrument;
  int top = 0, bottom = 0;
  std::vector<double> bars;
  for (int i = 0; i < kSteps; ++i) {
    const Collect said = look(instrument, loop.forward());
    const at::Tensor eigenvalues = at::linalg_eigvalsh(loop.hessian());
    const double highest = eigenvalues[-1].item<double>(), lowest = eigenvalues[0].item<double>();
    const Reading &max = said.only(Quantity::batch_lambda_max), &min = said.only(Quantity::batch_lambda_min);
    top += std::abs(max.value - highest) <= static_cast<double>(max.error) ? 1 : 0;
    bottom += std::abs(min.value - lowest) <= static_cast<double>(min.error) ? 1 : 0;
    bars.push_back(static_cast<double>(max.error) / highest);
    if (i > 0) EXPECT_LE(max.cost, 25.0F) << "twelve products at most";
    loop.move();
  }
  EXPECT_GE(top, kSteps * 19 / 20);
  EXPECT_GE(bottom, kSteps * 19 / 20);
  std::ranges::sort(bars);
  EXPECT_LT(bars[kSteps / 2], 0.05) << "a bar that swallows everything is useless";
}

INSTANTIATE_TEST_SUITE_P(Training, ExtremesBar,
                         testing::Values(SmallLoop::Options{.widths = {8, 8, 3}, .rate = 0.3},
                                         SmallLoop::Options{.widths = {8, 8, 3}, .type = at::kDouble, .rate = 0.3},
                                         SmallLoop::Options{
                                             .widths = {8, 8, 3}, .relu = true, .adam = true, .rate = 0.01}));

}  // namespace
}  // namespace thalweg
