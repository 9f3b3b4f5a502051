#include "thalweg/observe/step_graph.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "thalweg/spectral/hessian.h"

namespace thalweg {
namespace {

// L = Σ tanh(W x)² over a weight that the graph saves, so that moving it in place is refused by autograd.
struct Layer {
  at::Tensor w = at::tensor({0.3, -0.2, 0.5, 0.1, -0.4, 0.7}, at::kDouble).reshape({3, 2}).requires_grad_(true);
  at::Tensor v = at::tensor({1.0, -1.0, 0.5}, at::kDouble).reshape({1, 3}).requires_grad_(true);
  at::Tensor x = at::tensor({0.9, -1.3}, at::kDouble).reshape({2, 1});
  at::Tensor loss() const { return at::mm(v, at::tanh(at::mm(w, x))).square().sum(); }
  std::vector<at::Tensor> parameters() const { return {w, v}; }
  void move() {
    const c10::NoGradGuard no_grad;
    w.mul_(1.5).add_(0.1);
    v.sub_(0.3);
  }
};

std::vector<at::Tensor> direction() {
  const auto wide = at::TensorOptions(at::kDouble);
  return {at::linspace(-2.0, 3.0, 6, wide).reshape({3, 2}), at::linspace(-1.0, 0.5, 3, wide).reshape({1, 3})};
}

TEST(StepGraph, GivesTheSameProductBeforeAndAfterTheUpdate) {
  Layer layer;
  StepGraph graph(layer.loss(), layer.parameters());
  graph.gradient();
  const at::Tensor before = flatten(graph.product(direction()));
  graph.keep_weights({layer.w.detach().clone(), layer.v.detach().clone()});
  layer.move();
  const at::Tensor w = layer.w.detach().clone(), v = layer.v.detach().clone();
  const auto versions = std::pair(layer.w._version(), layer.v._version());
  EXPECT_TRUE(at::equal(flatten(graph.product(direction())), before));
  EXPECT_TRUE(at::equal(layer.w, w) && at::equal(layer.v, v)) << "the new weights are back";
  EXPECT_EQ(std::pair(layer.w._version(), layer.v._version()), versions);
}

TEST(StepGraph, ProductsAreThoseOfTheScaledLoss) {
  Layer layer;
  StepGraph whole(layer.loss(), layer.parameters()), half(layer.loss(), layer.parameters(), 0.5);
  EXPECT_TRUE(at::allclose(0.5 * flatten(whole.product(direction())), flatten(half.product(direction())), 1e-14));
  EXPECT_TRUE(at::allclose(0.5 * flatten(whole.gradient()), flatten(half.gradient()), 1e-14));
}

TEST(StepGraph, AsAnOperatorItIsTheDenseHessian) {
  Layer layer;
  StepGraph graph(layer.loss(), layer.parameters());
  const auto hessian = graph.hessian();
  ASSERT_EQ(hessian->dimension(), 9);
  const at::Tensor dense = hessian->apply(at::eye(9, at::kDouble));
  EXPECT_TRUE(at::allclose(dense, dense.t(), 1e-12));
  // a column against a central difference of the gradient
  const double h = 1e-5;
  const auto gradient_at = [&](double shift) {
    Layer other;
    {
      const c10::NoGradGuard no_grad;
      other.w.view(-1)[2].add_(shift);
    }
    StepGraph g(other.loss(), other.parameters());
    return flatten(g.gradient());
  };
  EXPECT_TRUE(at::allclose(dense[2], (gradient_at(h) - gradient_at(-h)) / (2 * h), 1e-6, 1e-8));
}

TEST(StepGraph, AfterAnExceptionTheNewWeightsAreBack) {
  Layer layer;
  StepGraph graph(layer.loss(), layer.parameters());
  graph.gradient();
  graph.keep_weights({layer.w.detach().clone(), layer.v.detach().clone()});
  layer.move();
  const at::Tensor w = layer.w.detach().clone();
  EXPECT_ANY_THROW(graph.product({at::ones({7}), at::ones({1, 3})}));
  EXPECT_TRUE(at::equal(layer.w, w));
}

}  // namespace
}  // namespace thalweg
