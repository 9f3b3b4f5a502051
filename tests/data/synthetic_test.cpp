#include "thalweg/data/synthetic.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "files.h"
#include "thalweg/data/dataset.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

recipe::Data made(const std::string& kind, std::int64_t samples, std::int64_t features, std::int64_t classes = 2,
                  double noise = 0.0) {
  recipe::Data data = data_of(recipe::Format::synthetic, "");
  data.synthetic = {.kind = kind, .samples = samples, .features = features, .classes = classes, .noise = noise};
  return data;
}

// Inputs and targets as they are made, in double.
std::pair<at::Tensor, at::Tensor> problem(const recipe::Data& data) {
  const Source source = make_synthetic(data);
  return {source.train.inputs.all(), source.train.targets.all()};
}

TEST(Synthetic, TheSeedDecidesTheDataAndNothingElseDoes) {
  for (const char* kind : {"blobs", "regression", "adding", "copy", "multilabel", "parity", "quadratic"}) {
    recipe::Data data = made(kind, 40, 6, 3, 0.1);
    const auto [x, y] = problem(data);
    const auto [x_again, y_again] = problem(data);
    EXPECT_TRUE(at::equal(x, x_again) && at::equal(y, y_again)) << kind;
    data.synthetic.seed = 1;
    EXPECT_FALSE(at::equal(x, problem(data).first)) << kind;
  }
  recipe::Data data = made("blobs", 40, 2);
  EXPECT_TRUE(at::equal(load_dataset(data, 1, ".").train->slice(0, 40).inputs,
                        load_dataset(data, 2, ".").train->slice(0, 40).inputs));
}

TEST(Synthetic, BlobsLieAroundPointsOfTheUnitCircle) {
  const auto [x, y] = problem(made("blobs", 3000, 4, 3, 0.2));
  for (std::int64_t k = 0; k < 3; ++k) {
    const at::Tensor rows = x.index_select(0, y.eq(k).nonzero().squeeze(1));
    EXPECT_EQ(rows.size(0), 1000);
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(k) / 3.0;
    const at::Tensor centre = at::tensor({std::cos(angle), std::sin(angle), 0.0, 0.0}, at::kDouble);
    EXPECT_LT((rows.mean(0) - centre).abs().max().item<double>(), 4.0 * 0.2 / std::sqrt(1000.0));
    EXPECT_LT((rows.std(0) - 0.2).abs().max().item<double>(), 4.0 * 0.2 / std::sqrt(2000.0));
  }
}

TEST(Synthetic, SpiralsAreArmsOfOneAngleAtEachRadius) {
  const auto [x, y] = problem(made("spirals", 300, 2, 3));
  const at::Tensor radius = x.square().sum(1).sqrt();
  EXPECT_NEAR(radius.max().item<double>(), 1.0, 1e-12);
  for (std::int64_t i = 0; i < 300; ++i) {
    const double r = radius[i].item<double>(), angle = 2.0 * std::numbers::pi * (y[i].item<double>() / 3.0 + 0.75 * r);
    EXPECT_NEAR(x[i][0].item<double>(), r * std::cos(angle), 1e-12);
    EXPECT_NEAR(x[i][1].item<double>(), r * std::sin(angle), 1e-12);
  }
}

TEST(Synthetic, FourSamplesOfXorAreItsTable) {
  const auto [x, y] = problem(made("xor", 4, 2));
  EXPECT_TRUE(at::equal(x, at::tensor({-1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0}, at::kDouble).reshape({4, 2})));
  EXPECT_TRUE(at::equal(y, at::tensor({0, 1, 1, 0}, at::kLong)));
}

TEST(Synthetic, ParityCountsTheOnes) {
  const auto [x, y] = problem(made("parity", 200, 5));
  EXPECT_TRUE(x.abs().eq(1).all().item<bool>());
  EXPECT_TRUE(at::equal(x.gt(0).sum(1).remainder(2), y));
  EXPECT_GT(y.sum().item<std::int64_t>(), 60);
  EXPECT_LT(y.sum().item<std::int64_t>(), 140);
}

TEST(Synthetic, RegressionHasColumnsOfFallingScaleAndALinearTeacher) {
  recipe::Data data = made("regression", 20000, 3);
  data.synthetic.condition_number = 100.0;
  const auto [x, y] = problem(data);
  const at::Tensor expected = at::tensor({1.0, 0.1, 0.01}, at::kDouble);  // variances
  EXPECT_LT((x.var(0) / expected - 1.0).abs().max().item<double>(), 0.05);
  const at::Tensor weights = std::get<0>(at::linalg_lstsq(x, y, {}, {}));
  EXPECT_LT((at::mm(x, weights) - y).abs().max().item<double>(), 1e-10);
}

// The Hessian of the mean squared error of a linear unit is 2 XᵀX/n, with the bias 2 [XᵀX/n, 0; 0, 1] as the columns
// have mean zero.
TEST(Synthetic, QuadraticHasExactlyTheConditionAskedFor) {
  recipe::Data data = made("quadratic", 50, 4);
  data.synthetic.condition_number = 1000.0;
  const auto [x, y] = problem(data);
  const at::Tensor eigenvalues = at::linalg_eigvalsh(at::mm(x.t(), x) / 50.0);
  const at::Tensor expected = at::tensor({1e-3, 1e-2, 1e-1, 1.0}, at::kDouble);
  EXPECT_LT((eigenvalues / expected - 1.0).abs().max().item<double>(), 1e-9);
  EXPECT_LT(x.mean(0).abs().max().item<double>(), 1e-12);
  const at::Tensor standardised = x / x.std(0, false);
  const at::Tensor after = at::linalg_eigvalsh(at::mm(standardised.t(), standardised) / 50.0);
  EXPECT_GT((after.max() / after.min()).item<double>(), 50.0) << "standardising does not mend it";
}

TEST(Synthetic, AddingMarksOneStepInEachHalfAndAsksForTheirSum) {
  const auto [x, y] = problem(made("adding", 100, 7));
  const at::Tensor numbers = x.select(2, 0), marks = x.select(2, 1);
  EXPECT_TRUE(marks.narrow(1, 0, 3).sum(1).eq(1).all().item<bool>());
  EXPECT_TRUE(marks.narrow(1, 3, 4).sum(1).eq(1).all().item<bool>());
  EXPECT_TRUE(at::allclose((numbers * marks).sum(1, true), y));
  EXPECT_GE(numbers.min().item<double>(), 0.0);
  EXPECT_LT(numbers.max().item<double>(), 1.0);
}

TEST(Synthetic, CopyAsksForTheSymbolsAfterTheGoMark) {
  const Dataset dataset = load_dataset(made("copy", 50, 9, 5), 0, ".");
  EXPECT_TRUE(dataset.info.tokens);
  EXPECT_EQ(dataset.info.vocabulary, 7);
  EXPECT_EQ(dataset.info.classes, 6);
  const Batch batch = dataset.train->slice(0, 50);
  EXPECT_EQ(batch.inputs.scalar_type(), at::kLong);
  EXPECT_TRUE(at::equal(batch.inputs.narrow(1, 0, 4), batch.targets.narrow(1, 5, 4)));
  EXPECT_TRUE(batch.inputs.select(1, 4).eq(6).all().item<bool>()) << "the go mark";
  EXPECT_TRUE(batch.inputs.narrow(1, 5, 4).eq(5).all().item<bool>()) << "blanks";
  EXPECT_TRUE(batch.targets.narrow(1, 0, 5).eq(5).all().item<bool>());
}

TEST(Synthetic, MultilabelSplitsTheSpaceByAPlaneForEachLabel) {
  const auto [x, y] = problem(made("multilabel", 4000, 3, 5));
  EXPECT_TRUE(y.eq(0).logical_or(y.eq(1)).all().item<bool>());
  EXPECT_LT((y.mean(0) - 0.5).abs().max().item<double>(), 4.0 * 0.5 / std::sqrt(4000.0));
  for (std::int64_t k = 0; k < 5;
       ++k) {  // −x has the other label, so that the mean of x over the label is its plane's normal
    const at::Tensor normal = x.index_select(0, y.select(1, k).nonzero().squeeze(1)).mean(0);
    const double agreement = at::mv(x, normal).gt(0).eq(y.select(1, k)).to(at::kDouble).mean().item<double>();
    EXPECT_GT(agreement, 0.97);
  }
}

TEST(Synthetic, RefusesWhatCannotBeMade) {
  const auto error = [](recipe::Data data) { return message_of<UsageError>([&] { load_dataset(data, 0, "."); }); };
  EXPECT_THAT(error(made("blob", 10, 2)), HasSubstr("did you mean 'blobs'?"));
  EXPECT_THAT(error(made("spirals", 10, 3)), HasSubstr("data.features = 3, but it needs 2"));
  EXPECT_THAT(error(made("xor", 10, 3)), HasSubstr("needs 2"));
  EXPECT_THAT(error(made("adding", 10, 1)), HasSubstr("needs 2 or more"));
  EXPECT_THAT(error(made("copy", 10, 2)), HasSubstr("needs 3 or more"));
  EXPECT_THAT(error(made("quadratic", 4, 4)), HasSubstr("more than data.features = 4"));
  EXPECT_THAT(error(made("blobs", 0, 2)), HasSubstr("1 or more"));
  EXPECT_THAT(error(made("blobs", 10, 2, 2, -1.0)), HasSubstr("data.noise = -1"));
  EXPECT_THAT(error(made("blobs", std::int64_t{1} << 60, 1 << 30)), HasSubstr("more than data.memory"));
  recipe::Data data = made("regression", 10, 2);
  data.synthetic.condition_number = 0.5;
  EXPECT_THAT(error(data), HasSubstr("data.condition_number = 0.5"));
  data = made("blobs", 10, 2);
  data.test = std::string("other");
  EXPECT_THAT(error(data), HasSubstr("are fractions"));
}

}  // namespace
}  // namespace thalweg
