#include "thalweg/spectral/hessian.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "thalweg/spectral/lanczos.h"

namespace thalweg {
namespace {

at::Tensor leaf(const at::Tensor& t) { return t.clone().requires_grad_(true); }

// A tanh network 4-5-3 in float64 on rows of a fixed batch.
struct Small {
  at::Tensor w1, b1, w2, x, y;
  explicit Small(std::int64_t rows = 12) {
    at::manual_seed(11);
    const auto options = at::TensorOptions(at::kDouble);
    w1 = leaf(at::randn({5, 4}, options));
    b1 = leaf(at::randn({5}, options));
    w2 = leaf(at::randn({3, 5}, options));
    x = at::randn({rows, 4}, options);
    y = at::randint(3, {rows}, at::kLong);
  }
  std::vector<at::Tensor> parameters() const { return {w1, b1, w2}; }
  LossOnBatch rows(std::int64_t first, std::int64_t last, double weight = 1.0) const {
    return {.loss =
                [=, *this] {
                  const at::Tensor h = at::tanh(at::linear(x.slice(0, first, last), w1, b1));
                  return at::cross_entropy_loss(at::mm(h, w2.t()), y.slice(0, first, last));
                },
            .weight = weight};
  }
};

at::Tensor dense(LinearOperator& a) { return a.apply(at::eye(a.dimension(), a.options())); }

TEST(Hessian, IsTheDerivativeOfTheGradient) {
  Small net;
  HessianOperator h({net.rows(0, 12)}, net.parameters());
  const at::Tensor matrix = dense(h);
  EXPECT_TRUE(at::allclose(matrix, matrix.t(), 1e-10, 1e-12));
  const at::Tensor v = at::randn({h.dimension()}, at::kDouble);
  const double step = 1e-5;
  const auto gradient_at = [&](double s) {
    Small moved;
    const auto parts = unflatten(v, moved.parameters());
    const auto parameters = moved.parameters();
    for (std::size_t i = 0; i < parts.size(); ++i) at::Tensor(parameters[i]).detach().add_(parts[i], s);
    return HessianOperator({moved.rows(0, 12)}, parameters).gradient();
  };
  const at::Tensor difference = (gradient_at(step) - gradient_at(-step)) / (2 * step);
  EXPECT_TRUE(at::allclose(h.apply(v), difference, 1e-6, 1e-8));
}

TEST(Hessian, OfUnequalBatchesWeightedByRowsIsThatOfTheWhole) {
  Small net;
  HessianOperator whole({net.rows(0, 12)}, net.parameters());
  HessianOperator parts({net.rows(0, 3, 3.0 / 12), net.rows(3, 12, 9.0 / 12)}, net.parameters());
  const at::Tensor v = at::randn({whole.dimension()}, at::kDouble);
  EXPECT_TRUE(at::allclose(whole.apply(v), parts.apply(v), 1e-10, 1e-13));
  EXPECT_TRUE(at::allclose(whole.gradient(), parts.gradient(), 1e-10, 1e-13));
  EXPECT_NEAR(whole.loss(), parts.loss(), 1e-13);
}

TEST(Hessian, StreamedBatchesGiveTheSameBits) {
  Small net;
  const std::vector<LossOnBatch> batches{net.rows(0, 4), net.rows(4, 8), net.rows(8, 12)};
  HessianOperator kept(batches, net.parameters());
  HessianOperator streamed(batches, net.parameters(), {.memory_limit = 0});
  EXPECT_EQ(kept.streamed(), 0U);
  EXPECT_EQ(streamed.streamed(), 2U) << "one graph is there at any time";
  const at::Tensor v = at::randn({kept.dimension()}, at::kDouble);
  EXPECT_TRUE(at::equal(kept.apply(v), streamed.apply(v)));
}

TEST(Hessian, ScalesWithTheLoss) {
  Small net;
  const at::Tensor v = at::randn({40}, at::kDouble);
  HessianOperator one({net.rows(0, 12)}, net.parameters());
  for (const double scale : {1e-12, 1e12}) {
    HessianOperator scaled({net.rows(0, 12, scale)}, net.parameters());
    EXPECT_TRUE(at::allclose(scaled.apply(v) / scale, one.apply(v), 1e-10, 1e-13));
  }
}

TEST(Hessian, IsInvariantUnderPermutingUnits) {
  Small net;
  HessianOperator before({net.rows(0, 12)}, net.parameters());
  const LanczosResult a = lanczos(before, {.top = 2, .bottom = 2});
  const at::Tensor order = at::tensor({3, 0, 4, 1, 2}, at::kLong);
  Small other;
  other.w1 = leaf(net.w1.detach().index_select(0, order));
  other.b1 = leaf(net.b1.detach().index_select(0, order));
  other.w2 = leaf(net.w2.detach().index_select(1, order));
  HessianOperator after({other.rows(0, 12)}, other.parameters());
  const LanczosResult b = lanczos(after, {.top = 2, .bottom = 2});
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(a.top[i].value, b.top[i].value, 2e-3 * a.top[i].value);
    EXPECT_NEAR(a.bottom[i].value, b.bottom[i].value, 2e-3 * std::abs(a.bottom[i].value) + 1e-6);
  }
}

TEST(Hessian, OfAConstantLossIsZeroAndItsGradientToo) {
  const at::Tensor w = leaf(at::ones({4}, at::kDouble));
  HessianOperator h({{.loss = [&] { return (w * 0.0).sum() + 2.0; }}}, {w});
  EXPECT_EQ(h.gradient().abs().sum().item<double>(), 0.0);
  const LanczosResult r = lanczos(h, {.top = 1, .bottom = 1});
  EXPECT_TRUE(r.converged);
  EXPECT_EQ(r.top[0].value, 0.0);
}

TEST(Hessian, CountsProductsGradientUnitsAndMemory) {
  Small net;
  HessianOperator h({net.rows(0, 12)}, net.parameters());
  EXPECT_EQ(h.cost().products, 0);
  EXPECT_EQ(h.cost().gradient_units, 1.0) << "the graph itself";
  EXPECT_GT(h.graph_bytes(), 0);
  h.apply(at::ones({3, h.dimension()}, at::kDouble));
  EXPECT_EQ(h.cost().products, 3);
  EXPECT_GT(h.cost().gradient_units, 1.0);
  EXPECT_GT(h.cost().seconds, 0.0);
}

TEST(Hessian, LeavesGradientsAlone) {
  Small net;
  HessianOperator h({net.rows(0, 12)}, net.parameters());
  h.apply(at::ones({h.dimension()}, at::kDouble));
  for (const at::Tensor& p : net.parameters()) EXPECT_FALSE(p.grad().defined());
}

TEST(Hessian, RefusesWhatIsNoProblem) {
  Small net;
  EXPECT_THROW(HessianOperator({}, net.parameters()), std::invalid_argument);
  EXPECT_THROW(HessianOperator({net.rows(0, 12)}, {}), std::invalid_argument);
  EXPECT_THROW(HessianOperator({net.rows(0, 12)}, {net.w1.detach()}), std::invalid_argument);
  EXPECT_THROW(HessianOperator({net.rows(0, 12)}, {net.w1, leaf(at::ones({2}))}), std::invalid_argument);
  HessianOperator h({net.rows(0, 12)}, net.parameters());
  EXPECT_THROW(h.apply(at::ones({3}, at::kDouble)), std::invalid_argument);
  EXPECT_THROW(h.apply(at::ones({40}, at::kFloat)), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
