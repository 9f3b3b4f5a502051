// Singular values of Jacobians: matrices and their products, whose decompositions are known in float64.
#include "thalweg/observe/propagation/jacobian.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/observe/propagation/hand_chain.h"
#include "thalweg/observe/propagation/signal.h"

namespace thalweg {
namespace {

at::Tensor orthogonal(std::int64_t n) { return std::get<0>(at::linalg_qr(at::randn({n, n}, at::kDouble))); }

HandChain linear_chain(int depth, std::int64_t width, const std::function<at::Tensor()>& weight) {
  HandChain chain{.activation = "none"};
  for (int l = 0; l < depth; ++l) chain.weights.push_back(weight().requires_grad_());
  chain.x = at::randn({20, width}, at::kDouble).requires_grad_();
  return chain;
}

TEST(Jacobian, OfADeepLinearNetworkIsTheProductOfItsMatrices) {
  at::manual_seed(1);
  const HandChain chain = linear_chain(5, 12, [] { return at::randn({12, 12}, at::kDouble) / std::sqrt(12.0); });
  const Signal s = measure_signal(chain.through(), {.jacobians = true});
  at::Tensor product = at::eye(12, at::kDouble);
  for (const at::Tensor& w : chain.weights) product = at::mm(w.detach(), product);
  const auto check = [](const Signal::Jacobian& j, const at::Tensor& matrix) {
    const at::Tensor sigma = at::linalg_svdvals(matrix);
    EXPECT_TRUE(j.exact);
    EXPECT_NEAR(j.norm, sigma[0].item<double>(), 1e-10);
    EXPECT_NEAR(j.norm_error, 0.0, 1e-10) << "the same at every row";
    EXPECT_NEAR(j.mean_square, matrix.square().sum().item<double>() / 12.0, 1e-10);
    EXPECT_NEAR(j.condition / (sigma[0] / sigma[11]).item<double>(), 1.0, 1e-8);
  };
  check(s.whole, product);
  for (int l = 0; l < 5; ++l) check(s.layers[l].jacobian, chain.weights[l].detach());
}

TEST(Jacobian, OfAnOrthogonalNetworkHasOnlyOnes) {
  at::manual_seed(2);
  const HandChain chain = linear_chain(20, 16, [] { return orthogonal(16); });
  const Signal s = measure_signal(chain.through(), {.jacobians = true});
  EXPECT_NEAR(s.whole.norm, 1.0, 1e-12);
  EXPECT_NEAR(s.whole.mean_square, 1.0, 1e-12);
  EXPECT_NEAR(s.whole.condition, 1.0, 1e-11);
  EXPECT_GT(s.length_low, 1e6) << "and no two inputs come nearer to each other";
}

// Each row has its own: tanh bends. Against diag(1 − h²) W, row by row.
TEST(Jacobian, OfABentLayerIsTakenRowByRow) {
  at::manual_seed(3);
  HandChain chain = random_chain(4, 1, 10, 1.5);
  chain.x = chain.x.narrow(0, 0, 5).clone().requires_grad_();
  const at::Tensor w = chain.weights[0].detach(), h = at::tanh(at::linear(chain.x.detach(), w));
  double norm = 0.0, square = 0.0;
  for (int i = 0; i < 5; ++i) {
    const at::Tensor j = (1.0 - h[i].square()).unsqueeze(1) * w;
    norm += at::linalg_svdvals(j)[0].item<double>() / 5.0;
    square += j.square().sum().item<double>() / 50.0;
  }
  const Signal s = measure_signal(chain.through(), {.jacobians = true});
  EXPECT_NEAR(s.layers[0].jacobian.norm, norm, 1e-10);
  EXPECT_NEAR(s.layers[0].jacobian.mean_square, square, 1e-10);
}

TEST(Jacobian, ByGolubKahanIsThatOfTheDenseOne) {
  at::manual_seed(5);
  const at::Tensor x = at::randn({4, 40}, at::kDouble).requires_grad_();
  const at::Tensor w = at::randn({50, 40}, at::kDouble) / std::sqrt(40.0);
  const at::Tensor y = at::tanh(at::linear(x, w));
  const auto dense = measure_jacobian(y, x, {.exact_outputs = 50});
  const auto sparse = measure_jacobian(y, x, {.exact_outputs = 1, .steps = 40});
  const auto few = measure_jacobian(y, x, {.exact_outputs = 1, .steps = 12});
  EXPECT_TRUE(dense.exact);
  EXPECT_FALSE(sparse.exact);
  EXPECT_NEAR(sparse.norm, dense.norm, 1e-8) << "as many steps as inputs";
  EXPECT_NEAR(few.norm / dense.norm, 1.0, 0.02);
  EXPECT_LE(few.norm, dense.norm + 1e-9) << "a lower bound";
  EXPECT_NEAR(sparse.mean_square, dense.mean_square, sparse.mean_square_error);
  EXPECT_TRUE(std::isnan(sparse.condition)) << "its smallest singular value is not known";
}

TEST(Jacobian, WithoutAGraphIsNotSaid) {
  const at::Tensor x = at::randn({4, 3});
  EXPECT_TRUE(std::isnan(measure_jacobian(x * 2.0, x).norm));
}

}  // namespace
}  // namespace thalweg
