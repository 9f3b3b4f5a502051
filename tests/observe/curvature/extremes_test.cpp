#include "thalweg/observe/curvature/extremes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

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

class ExtremesBar : public testing::TestWithParam<SmallLoop::Options> {};

// A look on each step of a training, held to the eigenvalues of the dense Hessian in double.
TEST_P(ExtremesBar, CoversTheEigenvaluesInNineteenOfTwentySteps) {
  constexpr int kSteps = 60;
  SmallLoop loop(GetParam());
  Extremes instrument;
  int top = 0, bottom = 0;
  double products = 0.0, widest = 0.0;
  std::vector<double> bars;
  for (int i = 0; i < kSteps; ++i) {
    const Collect said = look(instrument, loop.forward());
    const at::Tensor eigenvalues = at::linalg_eigvalsh(loop.hessian());
    const double highest = eigenvalues[-1].item<double>(), lowest = eigenvalues[0].item<double>();
    const Reading &max = said.only(Quantity::batch_lambda_max), &min = said.only(Quantity::batch_lambda_min);
    top += std::abs(max.value - highest) <= static_cast<double>(max.error) ? 1 : 0;
    bottom += std::abs(min.value - lowest) <= static_cast<double>(min.error) ? 1 : 0;
    if (std::getenv("SHOW")) std::cerr << i << " cost " << max.cost << "  max " << highest << " err " << max.value - highest << " bar " << max.error << "   min " << lowest << " err " << min.value-lowest << " bar " << min.error << "\n";
    bars.push_back(static_cast<double>(max.error) / highest);
    products += (static_cast<double>(max.cost) - 1.0) / 2.0;
    widest = std::max(widest, i > 0 ? static_cast<double>(max.cost) : 0.0);
    loop.move();
  }
  std::cerr << "mean products " << products / kSteps << " top " << top << " bottom " << bottom << "\n";
  EXPECT_GE(top, kSteps * 19 / 20);
  EXPECT_GE(bottom, kSteps * 19 / 20);
  std::ranges::sort(bars);
  EXPECT_LT(bars[kSteps / 2], 0.05) << "a bar that swallows everything is useless";
}

INSTANTIATE_TEST_SUITE_P(Training, ExtremesBar,
                         testing::Values(SmallLoop::Options{.rate = 0.3},
                                         SmallLoop::Options{.type = at::kDouble, .rate = 0.3, .seed = 2},
                                         SmallLoop::Options{.relu = true, .adam = true, .rate = 0.01},
                                         SmallLoop::Options{.rate = 0.3e12, .loss_scale = 1e-12}));

}  // namespace
}  // namespace thalweg
