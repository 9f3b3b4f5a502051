#include "thalweg/observe/curvature/ill_conditioning.h"

#include <gtest/gtest.h>

#include "tests/observe/collect.h"
#include "tests/observe/curvature/quadratic.h"

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

}  // namespace
}  // namespace thalweg
