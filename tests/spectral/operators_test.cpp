// Operators made of others, against dense algebra in double.
#include "thalweg/spectral/operators.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace thalweg {
namespace {

constexpr std::int64_t kSize = 7;

at::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::TensorOptions(at::kDouble));
}

at::Tensor symmetric(std::uint64_t seed) {
  const at::Tensor a = random({kSize, kSize}, seed);
  return a + a.t();
}

// The matrix of an operator, a product a column: what the operator really is.
at::Tensor matrix_of(LinearOperator& a) { return a.apply(at::eye(a.dimension(), a.options())).t(); }

template <class F>
std::string refusal(F&& make) {
  try {
    make();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was refused";
}

// An operator that says what it costs, for the sums of costs.
class Priced final : public LinearOperator {
 public:
  Priced(double units, double seconds) : cost_{.gradient_units = units, .seconds = seconds} {}
  std::int64_t dimension() const override { return 1; }
  at::TensorOptions options() const override { return at::TensorOptions(at::kDouble); }
  OperatorCost cost() const override { return cost_; }
  double relative_noise() const override { return 0.25; }

 private:
  at::Tensor product(const at::Tensor& v) override { return v.clone(); }
  OperatorCost cost_;
};

TEST(DenseOperator, IsItsMatrix) {
  const at::Tensor a = symmetric(1);
  DenseOperator op(a);
  EXPECT_TRUE(at::allclose(matrix_of(op), a));
  EXPECT_EQ(op.cost().products, kSize);
  EXPECT_EQ(op.cost().gradient_units, 0.0);
}

TEST(DenseOperator, RefusesWhatIsNoSymmetricMatrix) {
  EXPECT_THAT(refusal([] { DenseOperator(at::ones({2, 3})); }), ::testing::HasSubstr("square"));
  EXPECT_THAT(refusal([] { DenseOperator(at::ones({2, 2}, at::kLong)); }), ::testing::HasSubstr("floating"));
  EXPECT_THAT(refusal([] {
                DenseOperator(at::tensor({1.0, 2.0, 0.0, 1.0}).reshape({2, 2}));
              }),
              ::testing::HasSubstr("up to 2"));
}

TEST(DenseOperator, KeepsNotANumber) {
  DenseOperator op(at::full({2, 2}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  EXPECT_TRUE(op.apply(at::ones({2}, at::kDouble)).isnan().all().item<bool>());
}

TEST(LinearOperator, RefusesVectorsOfAnotherLengthOrType) {
  DenseOperator op(symmetric(1));
  EXPECT_THAT(refusal([&] { op.apply(at::ones({3}, at::kDouble)); }), ::testing::HasSubstr("length 3"));
  EXPECT_THAT(refusal([&] { op.apply(at::ones({kSize})); }), ::testing::HasSubstr("float"));
}

TEST(AffineOperator, ScalesAndShifts) {
  const at::Tensor a = symmetric(2), identity = at::eye(kSize, at::kDouble);
  DenseOperator dense(a);
  AffineOperator negated(dense, {.scale = -1.0}), shifted(dense, {.scale = 0.5, .shift = 3.0});
  EXPECT_TRUE(at::allclose(matrix_of(negated), -a));
  EXPECT_TRUE(at::allclose(matrix_of(shifted), 0.5 * a + 3.0 * identity));
  EXPECT_EQ(shifted.cost().products, 2 * kSize) << "the cost is the inner operator's";
}

TEST(SumOperator, WeighsItsTerms) {
  const at::Tensor a = symmetric(3), b = symmetric(4);
  DenseOperator x(a), y(b);
  SumOperator sum({{.term = &x, .weight = 0.25}, {.term = &y, .weight = 0.75}});
  EXPECT_TRUE(at::allclose(matrix_of(sum), 0.25 * a + 0.75 * b));
  EXPECT_EQ(sum.cost().products, kSize);
}

// Two batches, one of 2 s a gradient and one of 6 s: a gradient of both takes 8 s.
TEST(SumOperator, CountsInGradientsOfAllItsTerms) {
  Priced small(3.0, 6.0), large(1.0, 6.0);
  const SumOperator sum({{.term = &small}, {.term = &large}});
  EXPECT_DOUBLE_EQ(sum.cost().seconds, 12.0);
  EXPECT_DOUBLE_EQ(sum.cost().gradient_units, 12.0 / 8.0);
  EXPECT_DOUBLE_EQ(sum.relative_noise(), 0.25);
}

TEST(SumOperator, RefusesTermsOfDifferentVectors) {
  DenseOperator a(symmetric(1)), b(at::eye(2, at::kDouble)), c(symmetric(1).to(at::kFloat));
  EXPECT_THAT(refusal([] { SumOperator({}); }), ::testing::HasSubstr("at least one"));
  EXPECT_THAT(refusal([&] { SumOperator({{.term = &a}, {.term = &b}}); }), ::testing::HasSubstr("on 7"));
  EXPECT_THAT(refusal([&] { SumOperator({{.term = &a}, {.term = &c}}); }), ::testing::HasSubstr("float"));
}

TEST(DeflatedOperator, TakesASpaceOut) {
  const at::Tensor a = symmetric(5), q = std::get<0>(at::linalg_qr(random({kSize, 2}, 6))).t().contiguous();
  const at::Tensor outside = at::eye(kSize, at::kDouble) - at::mm(q.t(), q);
  DenseOperator dense(a);
  DeflatedOperator deflated(dense, q, 2.5);
  EXPECT_TRUE(at::allclose(matrix_of(deflated), at::mm(outside, at::mm(a, outside)) + 2.5 * at::mm(q.t(), q)));
}

TEST(DeflatedOperator, ByAnEigenvectorLeavesTheOtherEigenvalues) {
  const at::Tensor a = symmetric(7);
  const auto [values, vectors] = at::linalg_eigh(a);
  DenseOperator dense(a);
  const double smallest = values[0].item<double>();
  DeflatedOperator deflated(dense, vectors.t().slice(0, kSize - 1).contiguous(), smallest);
  const at::Tensor left = std::get<0>(at::linalg_eigh(matrix_of(deflated)));
  EXPECT_TRUE(at::allclose(left.slice(0, 1), values.slice(0, 0, kSize - 1)));
  EXPECT_NEAR(left[0].item<double>(), smallest, 1e-12);
}

TEST(DeflatedOperator, ByNothingIsTheOperator) {
  const at::Tensor a = symmetric(7);
  DenseOperator dense(a);
  DeflatedOperator deflated(dense, at::empty({0, kSize}, at::kDouble));
  EXPECT_TRUE(at::allclose(matrix_of(deflated), a));
}

TEST(DeflatedOperator, RefusesRowsThatAreNotOrthonormal) {
  DenseOperator dense(symmetric(1));
  EXPECT_THAT(refusal([&] {
                DeflatedOperator(dense, at::ones({1, kSize}, at::kDouble));
              }),
              ::testing::HasSubstr("orthonormal"));
  EXPECT_THAT(refusal([&] {
                DeflatedOperator(dense, at::ones({1, 2}, at::kDouble));
              }),
              ::testing::HasSubstr("rows of length 7"));
}

TEST(PreconditionedOperator, IsSimilarToTheInverseTimesTheOperator) {
  const at::Tensor a = symmetric(8), p = random({kSize}, 9).abs() + 0.1;
  DenseOperator dense(a);
  PreconditionedOperator preconditioned(dense, p);
  const at::Tensor root = p.rsqrt().diag();
  EXPECT_TRUE(at::allclose(matrix_of(preconditioned), at::mm(root, at::mm(a, root))));
  const at::Tensor similar = at::real(at::linalg_eigvals(at::mm(p.reciprocal().diag(), a)));
  EXPECT_TRUE(at::allclose(std::get<0>(at::linalg_eigh(matrix_of(preconditioned))), std::get<0>(similar.sort())));
}

TEST(PreconditionedOperator, TakesAnInfiniteEntryOut) {
  DenseOperator dense(at::full({2, 2}, 3.0, at::kDouble));
  PreconditionedOperator preconditioned(dense, at::tensor({4.0, std::numeric_limits<double>::infinity()}, at::kDouble));
  EXPECT_TRUE(at::equal(matrix_of(preconditioned), at::tensor({0.75, 0.0, 0.0, 0.0}, at::kDouble).reshape({2, 2})));
}

TEST(PreconditionedOperator, RefusesAnIndefinitePreconditionerAndNamesTheEntry) {
  DenseOperator dense(symmetric(1));
  const at::Tensor p = at::ones({kSize}, at::kDouble);
  p[3] = -0.5;
  p[5] = 0.0;
  EXPECT_THAT(refusal([&] { PreconditionedOperator(dense, p); }),
              ::testing::HasSubstr("2 of its 7 entries are not, the first is entry 3 with -0.5"));
  p[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refusal([&] { PreconditionedOperator(dense, p); }), ::testing::HasSubstr("entry 3 with nan"));
  EXPECT_THAT(refusal([&] { PreconditionedOperator(dense, at::ones({2})); }), ::testing::HasSubstr("dimension 7"));
}

TEST(BlockOperator, IsTheBlock) {
  const at::Tensor a = symmetric(10);
  DenseOperator dense(a);
  BlockOperator block(dense, {.begin = 2, .end = 5});
  EXPECT_EQ(block.dimension(), 3);
  EXPECT_TRUE(at::allclose(matrix_of(block), a.slice(0, 2, 5).slice(1, 2, 5)));
}

TEST(BlockOperator, RefusesARangeThatIsNotInside) {
  DenseOperator dense(symmetric(1));
  for (const BlockOperator::Range range : {BlockOperator::Range{-1, 2}, {3, 3}, {5, 8}}) {
    EXPECT_THAT(refusal([&] { BlockOperator(dense, range); }), ::testing::HasSubstr("a block of an operator"));
  }
}

// One built on the other, as deflation of a preconditioned, shifted block.
TEST(Operators, Compose) {
  const at::Tensor a = symmetric(11), p = at::arange(1, 5, at::kDouble);
  DenseOperator dense(a);
  BlockOperator block(dense, {.begin = 1, .end = 5});
  PreconditionedOperator preconditioned(block, p);
  AffineOperator shifted(preconditioned, {.scale = -2.0, .shift = 1.0});
  const at::Tensor root = p.rsqrt().diag();
  const at::Tensor expected =
      -2.0 * at::mm(root, at::mm(a.slice(0, 1, 5).slice(1, 1, 5), root)) + at::eye(4, at::kDouble);
  EXPECT_TRUE(at::allclose(matrix_of(shifted), expected));
}

}  // namespace
}  // namespace thalweg
