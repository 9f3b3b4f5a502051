#include "thalweg/spectral/retained_gradient.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

at::Tensor leaf(at::Tensor t) { return t.requires_grad_(true); }

// L = ½ x'Ax + b'x: gradient Ax + b, Hessian A.
TEST(RetainedGradient, OfAQuadraticIsTheClosedForm) {
  const at::Tensor a = at::tensor({4.0, 1.0, 1.0, 3.0}, at::kDouble).reshape({2, 2});
  const at::Tensor b = at::tensor({1.0, -2.0}, at::kDouble);
  const at::Tensor x = leaf(at::tensor({0.5, 2.0}, at::kDouble));
  const RetainedGradient gradient(0.5 * x.dot(at::mv(a, x)) + b.dot(x), {x});
  EXPECT_TRUE(at::allclose(gradient.gradient()[0], at::mv(a, x.detach()) + b));
  const at::Tensor v = at::tensor({1.0, -1.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(gradient.hessian_vector_product({v})[0], at::mv(a, v)));
  EXPECT_FALSE(x.grad().defined()) << "only the plain backward may fill .grad";
}

TEST(RetainedGradient, MatchesCentralDifferencesOnATanhNetwork) {
  at::manual_seed(7);
  const auto options = at::TensorOptions(at::kDouble);
  const at::Tensor x = at::randn({6, 4}, options), y = at::randint(3, {6}, at::kLong);
  const at::Tensor w1 = leaf(at::randn({5, 4}, options)), w2 = leaf(at::randn({3, 5}, options));
  const auto loss = [&](const at::Tensor& p, const at::Tensor& q) {
    return at::cross_entropy_loss(at::mm(at::tanh(at::mm(x, p.t())), q.t()), y);
  };
  const RetainedGradient gradient(loss(w1, w2), {w1, w2});
  const std::vector<at::Tensor> v = {at::randn({5, 4}, options), at::randn({3, 5}, options)};
  const auto product = gradient.hessian_vector_product(v);
  const double h = 1e-5;
  const auto at_shift = [&](double s) {
    const at::Tensor p = leaf((w1.detach() + s * v[0]).clone()), q = leaf((w2.detach() + s * v[1]).clone());
    return RetainedGradient(loss(p, q), {p, q}).gradient();
  };
  const auto plus = at_shift(h), minus = at_shift(-h);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(at::allclose(product[i], (plus[i] - minus[i]) / (2 * h), 1e-6, 1e-8));
  }
}

TEST(RetainedGradient, ParameterThatTheLossDoesNotReachHasZeros) {
  const at::Tensor x = leaf(at::ones({2})), unused = leaf(at::ones({3}));
  const RetainedGradient gradient((x * x).sum(), {x, unused});
  EXPECT_TRUE(at::equal(gradient.gradient()[1], at::zeros({3})));
  const auto product = gradient.hessian_vector_product({at::ones({2}), at::ones({3})});
  EXPECT_TRUE(at::equal(product[0], 2 * at::ones({2})));
  EXPECT_TRUE(at::equal(product[1], at::zeros({3})));
}

TEST(RetainedGradient, ALinearLossHasAZeroHessian) {
  const at::Tensor x = leaf(at::ones({2}));
  const RetainedGradient gradient((3 * x).sum(), {x});
  EXPECT_TRUE(at::equal(gradient.hessian_vector_product({at::ones({2})})[0], at::zeros({2})));
}

TEST(Dot, AddsOverTheListInDouble) {
  const std::vector<at::Tensor> a = {at::full({3}, 2.0F), at::full({2, 2}, 1.0F)};
  const std::vector<at::Tensor> b = {at::full({3}, 0.5F), at::full({2, 2}, -1.0F)};
  EXPECT_DOUBLE_EQ(dot(a, b), 3.0 - 4.0);
}

}  // namespace
}  // namespace thalweg
