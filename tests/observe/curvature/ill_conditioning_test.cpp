#include "thalweg/observe/curvature/ill_conditioning.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/observe/collect.h"
#include "tests/observe/curvature/quadratic.h"
#include "tests/observe/small_loop.h"

namespace thalweg {
namespace {

Collect look(Quadratic& q, const at::Tensor& u) {
  IllConditioning instrument;
  Collect said;
  const Step step = q.step(u);
  instrument.before_backward(step);
  q.move(u);
  instrument.after_update(step, said);
  return said;
}

TEST(IllConditioning, SaysTheTextbooksPairOfAQuadraticForPlainSgd) {
  Quadratic q;
  const double rate = 0.01;
  const at::Tensor g = q.gradient();
  const Collect said = look(q, -rate * g);
  const double gg = g.square().sum().item<double>(), ghg = q.curvature(g);
  EXPECT_NEAR(said.only(Quantity::curvature_along_gradient).value, ghg, 1e-9 * ghg);
  EXPECT_NEAR(said.only(Quantity::curvature_along_update).value, rate * rate * ghg, 1e-9 * ghg);
  EXPECT_NEAR(said.only(Quantity::overshoot).value, 0.5 * rate * ghg / gg, 1e-9);
  EXPECT_EQ(said.only(Quantity::overshoot).cost, 3.0F) << "u is parallel to g: one product serves both";
}

TEST(IllConditioning, TakesTheOptimizersOwnUpdate) {
  Quadratic q;
  const at::Tensor u = at::tensor({-0.1, 0.2, -0.01}, at::kDouble), g = q.gradient();
  const Collect said = look(q, u);
  EXPECT_NEAR(said.only(Quantity::curvature_along_gradient).value, q.curvature(g), 1e-9 * q.curvature(g));
  EXPECT_NEAR(said.only(Quantity::curvature_along_update).value, q.curvature(u), 1e-12);
  const double gu = g.dot(u).item<double>();
  EXPECT_NEAR(said.only(Quantity::overshoot).value, 0.5 * q.curvature(u) / -gu, 1e-9);
  EXPECT_NEAR(said.only(Quantity::predicted_change).value, gu + 0.5 * q.curvature(u), 1e-12);
}

TEST(IllConditioning, OfAMicroBatchIsScaledToTheWholeStep) {
  Quadratic q;
  const at::Tensor u = -0.01 * q.gradient();
  IllConditioning instrument;
  Collect said;
  Step step = q.step(u);
  StepGraph quarter(q.loss(), step.parameters, 0.25);  // one of four micro-batches
  quarter.keep_weights({q.x.detach().clone()});
  step.graph = &quarter;
  step.graph_share = 0.25;
  instrument.before_backward(step);
  q.move(u);
  instrument.after_update(step, said);
  EXPECT_NEAR(said.only(Quantity::curvature_along_update).value, q.curvature(u), 1e-9);
}

TEST(IllConditioning, OfNoGradientSaysNoOvershoot) {
  Quadratic q;
  q.b = -q.a * q.x.detach();  // a minimum
  const Collect said = look(q, at::zeros({3}, at::kDouble));
  EXPECT_EQ(said.only(Quantity::curvature_along_gradient).value, 0.0);
  for (const Reading& reading : said.readings) EXPECT_NE(reading.quantity, Quantity::overshoot);
}

// Batches of a training: the ratio of the sums that brute force in double gives.
TEST(IllConditioning, BatchSharpnessIsTheRatioOfTheMeansOverBatches) {
  SmallLoop loop({.rate = 0.1});
  IllConditioning instrument;
  double ghg = 0.0, gg = 0.0, largest = 0.0, smallest = 1e300;
  Collect said;
  for (int i = 0; i < 12; ++i) {
    said.readings.clear();
    instrument.before_backward(loop.forward());
    instrument.after_update(loop.move(), said);
    const double own = loop.curvature(loop.gradient), square = dot(loop.gradient, loop.gradient);
    ghg += own;
    gg += square;
    largest = std::max(largest, own / square);
    smallest = std::min(smallest, own / square);
  }
  const Reading& sharpness = said.only(Quantity::batch_sharpness);
  EXPECT_NEAR(sharpness.value, ghg / gg, 0.02 * ghg / gg) << "but for the jackknife's correction";
  EXPECT_GT(sharpness.error, 0.0F);
  EXPECT_LT(static_cast<double>(sharpness.error), largest - smallest);
}

}  // namespace
}  // namespace thalweg
