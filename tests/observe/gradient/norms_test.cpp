#include "thalweg/observe/gradient/norms.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace thalweg {
namespace {

at::Tensor random(std::vector<std::int64_t> shape, std::uint64_t seed = 1) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kFloat);
}

double length_sq(const at::Tensor& t) { return t.to(at::kDouble).square().sum().item<double>(); }

TEST(SquaredNorms, AreThoseOfTheEntriesInDouble) {
  const std::vector<at::Tensor> tensors{random({7}), random({300, 17}), random({2, 3, 1000}), at::zeros({0})};
  const auto norms = squared_norms(tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) EXPECT_NEAR(norms[i], length_sq(tensors[i]), 1e-6 * norms[i]);
}

TEST(SquaredNorms, TakeTypesAndLayoutsThatTheKernelDoesNot) {
  const at::Tensor dense = random({40, 30});
  const at::Tensor sparse = at::relu(dense).to_sparse();
  const std::vector<at::Tensor> tensors{dense.to(at::kDouble),
                                        dense.to(at::kHalf),
                                        dense.to(at::kBFloat16),
                                        dense.t(),
                                        dense.slice(1, 0, 7),
                                        sparse,
                                        at::Tensor(),
                                        dense};
  const auto norms = squared_norms(tensors);
  EXPECT_NEAR(norms[0], length_sq(dense), 1e-12 * norms[0]);
  EXPECT_NEAR(norms[1], length_sq(tensors[1]), 1e-6 * norms[1]);
  EXPECT_NEAR(norms[2], length_sq(tensors[2]), 1e-6 * norms[2]);
  EXPECT_NEAR(norms[3], length_sq(dense), 1e-6 * norms[3]);
  EXPECT_NEAR(norms[4], length_sq(tensors[4]), 1e-6 * norms[4]);
  EXPECT_NEAR(norms[5], length_sq(at::relu(dense)), 1e-6 * norms[5]);
  EXPECT_EQ(norms[6], 0.0);
  EXPECT_NEAR(norms[7], length_sq(dense), 1e-6 * norms[7]);
}

TEST(SquaredNorms, OfASparseGradientAddUpRepeatedRows) {
  const at::Tensor twice = at::sparse_coo_tensor(at::ones({1, 2}, at::kLong), at::tensor({1.0F, 2.0F}), {3});
  EXPECT_EQ(squared_norms({twice})[0], 9.0);
}

TEST(SquaredNorms, OfComplexParametersTakeBothParts) {
  const at::Tensor z = at::complex(at::tensor({3.0F}), at::tensor({4.0F}));
  EXPECT_NEAR(squared_norms({z})[0], 25.0, 1e-5);
}

TEST(SquaredNorms, HoldAtAnyMagnitude) {
  for (const double size : {1e-30, 1e-20, 1e-12, 1.0, 1e12, 1e25, 1e37}) {
    const at::Tensor t = random({2000}) * size;
    const double exact = length_sq(t);
    EXPECT_NEAR(squared_norms({t})[0] / exact, 1.0, 1e-6) << size;
  }
}

TEST(SquaredNorms, SayWhatIsNotFinite) {
  at::Tensor bad = random({1000});
  bad[700] = std::numeric_limits<float>::quiet_NaN();
  at::Tensor huge = random({1000});
  huge[3] = std::numeric_limits<float>::infinity();
  const auto norms = squared_norms({bad, huge, random({4})});
  EXPECT_TRUE(std::isnan(norms[0]));
  EXPECT_TRUE(std::isinf(norms[1]));
  EXPECT_TRUE(std::isfinite(norms[2]));
}

TEST(DifferenceNorms, AreThoseOfTheWeightsAndOfWhatWasAdded) {
  const at::Tensor before = random({50, 60}), g = random({50, 60}, 2), now = before - 0.01 * g;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const auto list = [&](const at::Tensor& t) { return std::vector<at::Tensor>{t.to(type), t.t().to(type)}; };
    std::vector<StepSums> sums(2);
    difference_norms({.now = list(now), .before = list(before), .gradient = list(g)}, sums);
    const at::Tensor u = now - before;
    for (const StepSums& s : sums) {
      EXPECT_NEAR(s.weight_sq, length_sq(now), 1e-6 * length_sq(now));
      EXPECT_NEAR(s.update_sq, length_sq(u), 1e-6 * length_sq(u));
      EXPECT_NEAR(s.gradient_sq, length_sq(g), 1e-6 * length_sq(g));
      EXPECT_NEAR(s.gradient_update, (g.to(at::kDouble) * u).sum().item<double>(), 1e-6 * length_sq(g) * 0.01);
    }
  }
}

TEST(DifferenceNorms, WithoutGradientsLeaveTheirSumsZero) {
  std::vector<StepSums> sums(1, StepSums{.gradient_sq = 7.0});
  difference_norms({at::tensor({3.0F, 4.0F})}, {at::tensor({3.0F, 3.0F})}, sums);
  EXPECT_EQ(sums[0].weight_sq, 25.0);
  EXPECT_EQ(sums[0].update_sq, 1.0);
  EXPECT_EQ(sums[0].gradient_sq, 0.0);
  EXPECT_EQ(sums[0].gradient_update, 0.0);
}

TEST(DifferenceNorms, HoldForUpdatesFarBelowTheWeights) {
  const at::Tensor before = at::full({1000}, 1e-20F), now = before + at::full({1000}, 1e-25F);
  std::vector<StepSums> sums(1);
  difference_norms({now}, {before}, sums);
  EXPECT_NEAR(sums[0].update_sq / length_sq(now - before), 1.0, 1e-6);
}

TEST(DifferenceNorms, RefuseListsOfDifferentLengths) {
  std::vector<StepSums> sums(1);
  const at::Tensor w = at::zeros({2});
  EXPECT_THROW(difference_norms({w, w}, {w, w}, sums), std::invalid_argument);
  EXPECT_THROW(difference_norms({w}, {}, sums), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
