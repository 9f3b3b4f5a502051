#include "thalweg/train/metrics.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "tests/reference/metric_reference.h"
#include "tests/train/measure.h"
#include "tests/train/parts.h"
#include "thalweg/train/objective.h"

namespace thalweg {
namespace {

using recipe::LossKind;
using recipe::MetricKind;
using recipe::TargetKind;
using ::testing::AllOf;
using testing::Case;
using testing::classes;
using ::testing::HasSubstr;
using testing::measure;
using testing::real;
using testing::table;
using testing::usage_error;

// Thousands of small measurements: threads would only wait for each other.
class OneThread final : public ::testing::Environment {
 public:
  void SetUp() override {
    threads_ = at::get_num_threads();
    at::set_num_threads(1);
  }
  void TearDown() override { at::set_num_threads(threads_); }

 private:
  int threads_ = 1;
};
const ::testing::Environment* const kOneThread = ::testing::AddGlobalTestEnvironment(new OneThread);

constexpr double kZ = 1.959963984540054;

at::Tensor randn(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kDouble);
}
at::Tensor randint(std::int64_t below, at::IntArrayRef shape, std::uint64_t seed) {
  return at::randint(below, shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kLong);
}

std::vector<double> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}
std::vector<bool> bits(const at::Tensor& tensor) {
  std::vector<bool> out;
  for (const double x : numbers(tensor)) out.push_back(x != 0.0);
  return out;
}
at::Tensor without(const at::Tensor& tensor, std::int64_t row) {
  return at::cat({tensor.slice(0, 0, row), tensor.slice(0, row + 1)});
}

void expect_interval(const Interval& interval, double value, double low, double high, double tolerance = 1e-12) {
  EXPECT_NEAR(interval.value, value, tolerance);
  EXPECT_NEAR(interval.low, low, tolerance);
  EXPECT_NEAR(interval.high, high, tolerance);
}

// ---- names

TEST(MetricNames, AreTheRecipes) {
  EXPECT_EQ(metric_name(MetricKind::bits_per_character), "bits_per_character");
  for (const MetricKind kind : {MetricKind::loss, MetricKind::rmse, MetricKind::mae, MetricKind::bits_per_character}) {
    EXPECT_FALSE(larger_is_better(kind));
  }
  for (const MetricKind kind :
       {MetricKind::accuracy, MetricKind::top5, MetricKind::binary_accuracy, MetricKind::subset_accuracy,
        MetricKind::hamming, MetricKind::r2, MetricKind::auc, MetricKind::f1}) {
    EXPECT_TRUE(larger_is_better(kind));
  }
}

// ---- shares

TEST(Accuracy, IsTheShareOfRowsWhoseLargestOutputIsTheTargets) {
  const at::Tensor outputs = table({{3.0, 1.0, 0.0}, {0.0, 2.0, 1.0}, {0.0, 2.0, 1.0}, {0.0, 0.0, 1.0}});
  const Interval accuracy = measure({.data = classes(3)}, outputs, at::tensor({0, 1, 2, 2}, at::kLong));
  // Wilson for 3 of 4: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
  const double z2 = kZ * kZ, center = (0.75 + z2 / 8.0) / (1.0 + z2 / 4.0);
  const double half = kZ * std::sqrt(0.75 * 0.25 / 4.0 + z2 / 64.0) / (1.0 + z2 / 4.0);
  expect_interval(accuracy, 0.75, center - half, center + half);
}

TEST(Accuracy, IntervalsOfNoneAndAllReachTheEndOnly) {
  const at::Tensor outputs = table({{1.0, 0.0}}).expand({50, 2});
  const double z2 = kZ * kZ;
  expect_interval(measure({.data = classes(2)}, outputs, at::zeros({50}, at::kLong)), 1.0, 50.0 / (50.0 + z2), 1.0);
  expect_interval(measure({.data = classes(2)}, outputs, at::ones({50}, at::kLong)), 0.0, 0.0, z2 / (50.0 + z2));
}

TEST(Accuracy, OfOneOutputIsDecidedByTheThresholdOfItsKind) {
  const at::Tensor outputs = table({{0.3}, {0.7}, {-0.2}}), targets = at::tensor({0, 1, 0}, at::kLong);
  EXPECT_NEAR(measure({.loss = {.kind = LossKind::bce}, .data = classes(2)}, outputs, targets).value, 1.0, 1e-12);
  EXPECT_NEAR(measure({.loss = {.kind = LossKind::bce_logits}, .data = classes(2)}, outputs, targets).value, 2.0 / 3.0,
              1e-12);
  EXPECT_NEAR(measure({.loss = {.kind = LossKind::mse}, .data = classes(2)}, outputs, targets).value, 1.0, 1e-12);
  const at::Tensor numbers = table({{0.4}, {1.8}, {2.6}});
  EXPECT_NEAR(
      measure({.loss = {.kind = LossKind::mse}, .data = classes(4)}, numbers, at::tensor({0, 2, 2}, at::kLong)).value,
      2.0 / 3.0, 1e-12);
}

TEST(Accuracy, TakesOneHotTargets) {
  const at::Tensor outputs = table({{3.0, 1.0}, {0.0, 2.0}}), targets = table({{1.0, 0.0}, {1.0, 0.0}});
  EXPECT_EQ(measure({.data = classes(2, TargetKind::onehot)}, outputs, targets).value, 0.5);
}

TEST(Accuracy, NothingIsRightAboutAnOutputThatIsNotANumber) {
  const double nan = std::nan("");
  const at::Tensor outputs = table({{nan, nan}, {0.0, nan}, {1.0, 0.0}});
  EXPECT_NEAR(measure({.data = classes(2)}, outputs, at::tensor({0, 1, 0}, at::kLong)).value, 1.0 / 3.0, 1e-12);
  EXPECT_NEAR(
      measure({.loss = {.kind = LossKind::bce}, .data = classes(2)}, at::full({4, 1}, nan), at::zeros({4}, at::kLong))
          .value,
      0.0, 1e-12);
  EXPECT_EQ(
      measure(
          {.metric = MetricKind::hamming, .loss = {.kind = LossKind::bce}, .data = classes(2, TargetKind::multilabel)},
          at::full({4, 2}, nan), at::zeros({4, 2}))
          .value,
      0.0);
}

// Entries of a row hang together, so rows are what is counted: two characters of three in every second row.
TEST(Accuracy, OfSequencesHasTheIntervalOfItsRows) {
  const std::int64_t rows = 40;
  at::Tensor targets = at::zeros({rows, 3}, at::kLong);
  targets.slice(0, 0, rows, 2).slice(1, 0, 2).fill_(1);
  const at::Tensor outputs = at::tensor({1.0, 0.0}).expand({rows, 3, 2});
  const Interval accuracy = measure({.data = classes(2, TargetKind::sequence)}, outputs, targets);
  const double p = 2.0 / 3.0, variance = 1.0 / 9.0 / static_cast<double>(rows), n = p * (1.0 - p) / variance;
  EXPECT_NEAR(accuracy.value, p, 1e-12);
  const double z2 = kZ * kZ, half = kZ * std::sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n)) / (1.0 + z2 / n);
  EXPECT_NEAR(accuracy.high - accuracy.low, 2.0 * half, 1e-12);
}

TEST(TopFive, EarlierOutputsWinTies) {
  const Case top5{.metric = MetricKind::top5, .data = classes(8)};
  const at::Tensor ramp = at::arange(8, at::kDouble).expand({8, 8}), targets = at::arange(8, at::kLong);
  EXPECT_EQ(measure(top5, ramp, targets).value, 5.0 / 8.0);
  EXPECT_EQ(measure(top5, at::zeros({8, 8}), targets).value, 5.0 / 8.0);  // a constant network is not always right
  EXPECT_EQ(measure(top5, at::full({8, 8}, std::nan("")), targets).value, 0.0);
}

TEST(LabelShares, CountEntriesOrWholeRows) {
  const at::Tensor outputs = table({{0.9, 0.2, 0.8}, {0.4, 0.6, 0.7}, {0.1, 0.1, 0.1}, {0.6, 0.9, 0.4}});
  const at::Tensor targets = table({{1.0, 0.0, 1.0}, {1.0, 1.0, 1.0}, {0.0, 0.0, 1.0}, {1.0, 1.0, 0.0}});
  const auto value = [&](MetricKind kind) {
    return measure({.metric = kind, .loss = {.kind = LossKind::bce}, .data = classes(3, TargetKind::multilabel)},
                   outputs, targets)
        .value;
  };
  EXPECT_NEAR(value(MetricKind::hamming), 10.0 / 12.0, 1e-12);
  EXPECT_NEAR(value(MetricKind::binary_accuracy), 10.0 / 12.0, 1e-12);
  EXPECT_NEAR(value(MetricKind::subset_accuracy), 0.5, 1e-12);
  const Case logits{.metric = MetricKind::hamming,
                    .loss = {.kind = LossKind::bce_logits},
                    .data = classes(3, TargetKind::multilabel)};
  EXPECT_NEAR(measure(logits, outputs - 0.5, targets).value, 10.0 / 12.0, 1e-12);
}

// ---- means

TEST(RealTargets, AreMeasuredInTheirOriginalUnit) {
  DataInfo data = real();
  data.target_shift = {100.0, -5.0};
  data.target_scale = {10.0, 2.0};
  const at::Tensor errors = table({{1.0, -1.0}, {-2.0, 0.0}, {0.0, 3.0}}),
                   targets = table({{0.0, 1.0}, {1.0, 2.0}, {-1.0, 0.0}});
  const auto value = [&](MetricKind kind) {
    return measure({.metric = kind, .loss = {.kind = LossKind::mse}, .data = data}, targets + errors, targets).value;
  };
  EXPECT_NEAR(value(MetricKind::mae), (10.0 + 2.0 + 20.0 + 0.0 + 0.0 + 6.0) / 6.0, 1e-12);
  EXPECT_NEAR(value(MetricKind::rmse), std::sqrt((100.0 + 4.0 + 400.0 + 36.0) / 6.0), 1e-12);
  EXPECT_NEAR(value(MetricKind::r2), 1.0 - 540.0 / (200.0 + 8.0), 1e-12);  // targets 100, 110, 90 and −3, −1, −5
}

TEST(RealTargets, IntervalsAreThoseOfRowMeans) {
  const at::Tensor targets = randn({300, 2}, 1), outputs = targets + randn({300, 2}, 2) * 0.5;
  const at::Tensor errors = (outputs - targets).abs().mean(1);
  const double mean = errors.mean().item<double>(), sd = errors.std(0, /*unbiased=*/false).item<double>();
  const double half = kZ * sd / std::sqrt(300.0);
  expect_interval(
      measure({.metric = MetricKind::mae, .loss = {.kind = LossKind::mse}, .data = real()}, outputs, targets), mean,
      mean - half, mean + half);
}

TEST(RealTargets, R2HasTheJackknifesError) {
  const Case r2{.metric = MetricKind::r2, .loss = {.kind = LossKind::mse}, .data = real()};
  const at::Tensor targets = randn({400, 3}, 3), outputs = 0.7 * targets + randn({400, 3}, 4) * 0.4;
  const double error = reference::jackknife(
      400, [&](std::int64_t row) { return measure(r2, without(outputs, row), without(targets, row)).value; });
  const Interval interval = measure(r2, outputs, targets);
  EXPECT_NEAR((interval.high - interval.low) / (2.0 * kZ * error), 1.0, 0.03);
}

TEST(RealTargets, R2OfConstantTargetsIsUndefined) {
  const Case r2{.metric = MetricKind::r2, .loss = {.kind = LossKind::mse}, .data = real()};
  EXPECT_TRUE(std::isnan(measure(r2, at::zeros({5, 1}), at::ones({5, 1})).value));
}

TEST(Bits, AreNatsOverLogTwoWithoutSmoothing) {
  for (const double smoothing : {0.0, 0.3}) {
    const Case bits{.metric = MetricKind::bits_per_character,
                    .loss = {.label_smoothing = smoothing},
                    .data = classes(4, TargetKind::sequence)};
    EXPECT_NEAR(measure(bits, at::zeros({3, 5, 4}), randint(4, {3, 5}, 5)).value, 2.0, 1e-6);
  }
}

TEST(Loss, IsReportedWithTheIntervalOfItsMean) {
  MetricAccumulator accumulator({.kinds = {MetricKind::loss}}, {}, classes(2));
  const at::Tensor losses = at::tensor({1.0, 2.0, 3.0, 6.0});
  accumulator.add(at::zeros({4, 2}), at::zeros({4}, at::kLong), losses);
  const double half = kZ * std::sqrt((4.0 + 1.0 + 0.0 + 9.0) / 4.0 / 4.0);
  expect_interval(accumulator.loss(), 3.0, 3.0 - half, 3.0 + half);
  expect_interval(accumulator.metrics().front(), 3.0, 3.0 - half, 3.0 + half);
}

TEST(Loss, OfOneRowHasNoErrorBarAndOfNoneNoValue) {
  MetricAccumulator accumulator({.kinds = {MetricKind::accuracy}}, {}, classes(2));
  EXPECT_TRUE(std::isnan(accumulator.loss().value));
  EXPECT_TRUE(std::isnan(accumulator.metrics().front().value));
  accumulator.add(at::zeros({1, 2}), at::zeros({1}, at::kLong), at::ones({1}));
  EXPECT_EQ(accumulator.loss().value, 1.0);
  EXPECT_EQ(accumulator.loss().high, std::numeric_limits<double>::infinity());
  EXPECT_LT(accumulator.metrics().front().low, 0.3);
}

// ---- ranks and labels

TEST(Auc, CountsOrderedPairsWithTies) {
  const at::Tensor scores = randint(7, {60, 1}, 6).to(at::kDouble), targets = randint(2, {60}, 7);
  const Case auc{.metric = MetricKind::auc, .loss = {.kind = LossKind::bce_logits}, .data = classes(2)};
  EXPECT_NEAR(measure(auc, scores, targets).value, reference::area_under_curve(numbers(scores), bits(targets)), 1e-12);
}

TEST(Auc, OfMoreClassesIsTheMeanOfOneAgainstTheRest) {
  const at::Tensor outputs = randn({80, 3}, 8), targets = randint(3, {80}, 9), p = outputs.softmax(1);
  double mean = 0.0;
  for (std::int64_t k = 0; k < 3; ++k)
    mean += reference::area_under_curve(numbers(p.select(1, k)), bits(targets == k)) / 3.0;
  EXPECT_NEAR(measure({.metric = MetricKind::auc, .data = classes(3)}, outputs, targets).value, mean, 1e-12);
  // A class that does not occur has no curve.
  EXPECT_NEAR(measure({.metric = MetricKind::auc, .data = classes(3)}, outputs, targets.clamp_max(1)).value,
              0.5 * (reference::area_under_curve(numbers(p.select(1, 0)), bits(targets.clamp_max(1) == 0)) +
                     reference::area_under_curve(numbers(p.select(1, 1)), bits(targets.clamp_max(1) == 1))),
              1e-12);
}

TEST(Auc, OfTwoLogitsDoesNotSaturate) {
  const at::Tensor outputs = table({{0.0, 900.0}, {0.0, 800.0}, {0.0, 850.0}}),
                   targets = at::tensor({1, 0, 0}, at::kLong);
  EXPECT_EQ(measure({.metric = MetricKind::auc, .data = classes(2)}, outputs, targets).value, 1.0);
}

TEST(Auc, HasTheJackknifesError) {
  const at::Tensor targets = randint(3, {200}, 10), outputs = randn({200, 3}, 11) + at::one_hot(targets, 3);
  const Case auc{.metric = MetricKind::auc, .data = classes(3)};
  const double error = reference::jackknife(
      200, [&](std::int64_t row) { return measure(auc, without(outputs, row), without(targets, row)).value; });
  const Interval interval = measure(auc, outputs, targets);
  EXPECT_NEAR((interval.high - interval.low) / (2.0 * kZ * error), 1.0, 0.05);
}

TEST(Auc, IsUndefinedWithoutBothKindsOrWithScoresThatAreNotNumbers) {
  const Case auc{.metric = MetricKind::auc, .loss = {.kind = LossKind::bce_logits}, .data = classes(2)};
  EXPECT_TRUE(std::isnan(measure(auc, randn({9, 1}, 12), at::ones({9}, at::kLong)).value));
  EXPECT_TRUE(std::isnan(measure(auc, at::full({9, 1}, std::nan("")), randint(2, {9}, 13)).value));
}

TEST(Auc, PerfectOrderIsNotCertainty) {
  const at::Tensor targets = at::tensor({0, 0, 0, 1, 1, 1}, at::kLong);
  const Case auc{.metric = MetricKind::auc, .loss = {.kind = LossKind::bce_logits}, .data = classes(2)};
  const Interval interval = measure(auc, targets.to(at::kDouble).unsqueeze(1), targets);
  EXPECT_EQ(interval.value, 1.0);
  EXPECT_NEAR(interval.low, 3.0 / (3.0 + kZ * kZ), 1e-12);
}

TEST(F1, IsTheHarmonicMeanOfPrecisionAndRecall) {
  const at::Tensor outputs = randn({70, 1}, 14), targets = randint(2, {70}, 15);
  const Case f1{.metric = MetricKind::f1, .loss = {.kind = LossKind::bce_logits}, .data = classes(2)};
  EXPECT_NEAR(measure(f1, outputs, targets).value, reference::f1(bits(outputs > 0), bits(targets)), 1e-12);
  const at::Tensor two = at::cat({at::zeros({70, 1}, at::kDouble), outputs}, 1);
  EXPECT_NEAR(measure({.metric = MetricKind::f1, .data = classes(2)}, two, targets).value,
              reference::f1(bits(outputs > 0), bits(targets)), 1e-12);
}

TEST(F1, OfMoreClassesOrLabelsIsTheirMean) {
  const at::Tensor outputs = randn({90, 3}, 16), targets = randint(3, {90}, 17), named = outputs.argmax(1);
  double mean = 0.0;
  for (std::int64_t k = 0; k < 3; ++k) mean += reference::f1(bits(named == k), bits(targets == k)) / 3.0;
  EXPECT_NEAR(measure({.metric = MetricKind::f1, .data = classes(3)}, outputs, targets).value, mean, 1e-12);
  const at::Tensor labels = randint(2, {90, 3}, 18).to(at::kDouble);
  double of_labels = 0.0;
  for (std::int64_t k = 0; k < 3; ++k)
    of_labels += reference::f1(bits(outputs.select(1, k) > 0), bits(labels.select(1, k))) / 3.0;
  const Case multilabel{
      .metric = MetricKind::f1, .loss = {.kind = LossKind::bce_logits}, .data = classes(3, TargetKind::multilabel)};
  EXPECT_NEAR(measure(multilabel, outputs, labels).value, of_labels, 1e-12);
}

TEST(F1, HasTheJackknifesError) {
  const at::Tensor targets = randint(3, {300}, 19), outputs = randn({300, 3}, 20) + at::one_hot(targets, 3);
  const Case f1{.metric = MetricKind::f1, .data = classes(3)};
  const double error = reference::jackknife(
      300, [&](std::int64_t row) { return measure(f1, without(outputs, row), without(targets, row)).value; });
  const Interval interval = measure(f1, outputs, targets);
  EXPECT_NEAR((interval.high - interval.low) / (2.0 * kZ * error), 1.0, 0.05);
}

TEST(F1, WithoutAnyLabelOrDecisionIsZeroAndUnknown) {
  const Case f1{.metric = MetricKind::f1, .loss = {.kind = LossKind::bce}, .data = classes(2)};
  const Interval interval = measure(f1, at::zeros({5, 1}), at::zeros({5}, at::kLong));
  expect_interval(interval, 0.0, 0.0, 1.0);
}

// ---- batches

TEST(Batches, DoNotMatter) {
  const at::Tensor logits = randn({97, 4}, 21), targets = randint(4, {97}, 22), values = randn({97, 4}, 23);
  for (const MetricKind kind : {MetricKind::loss, MetricKind::accuracy, MetricKind::top5, MetricKind::hamming,
                                MetricKind::auc, MetricKind::f1, MetricKind::bits_per_character}) {
    const Case c{.metric = kind, .data = classes(4)};
    const Interval whole = measure(c, logits, targets);
    expect_interval(measure(c, logits, targets, 10), whole.value, whole.low, whole.high);
  }
  for (const MetricKind kind : {MetricKind::r2, MetricKind::rmse, MetricKind::mae}) {
    const Case c{.metric = kind, .loss = {.kind = LossKind::mse}, .data = real()};
    const Interval whole = measure(c, logits, values);
    expect_interval(measure(c, logits, values, 10), whole.value, whole.low, whole.high);
  }
}

TEST(Batches, SeveralMetricsComeInTheirOrder) {
  MetricAccumulator accumulator({.kinds = {MetricKind::hamming, MetricKind::loss, MetricKind::accuracy}}, {},
                                classes(2));
  accumulator.add(table({{1.0, -1.0}}), at::tensor({1}, at::kLong), at::tensor({5.0}));
  const auto metrics = accumulator.metrics();
  EXPECT_EQ(metrics[0].value, 0.0);
  EXPECT_EQ(metrics[1].value, 5.0);
  EXPECT_EQ(metrics[2].value, 0.0);
}

// ---- what does not fit

std::string refusal(MetricKind metric, LossKind loss, const DataInfo& data) {
  return usage_error([&] { MetricAccumulator({.kinds = {metric}}, {.kind = loss}, data); });
}

TEST(MetricErrors, SayWhatFits) {
  EXPECT_THAT(refusal(MetricKind::accuracy, LossKind::mse, real()),
              AllOf(HasSubstr("\"accuracy\""), HasSubstr("rmse")));
  EXPECT_THAT(refusal(MetricKind::hamming, LossKind::mse, real()), HasSubstr("rmse"));
  EXPECT_EQ(refusal(MetricKind::binary_accuracy, LossKind::bce, real()), "no error");  // labels written as real numbers
  EXPECT_THAT(refusal(MetricKind::accuracy, LossKind::bce, classes(3, TargetKind::multilabel)),
              HasSubstr("subset_accuracy"));
  EXPECT_THAT(refusal(MetricKind::top5, LossKind::bce, classes(3, TargetKind::multilabel)), HasSubstr("hamming"));
  EXPECT_THAT(refusal(MetricKind::bits_per_character, LossKind::mse, classes(3)), HasSubstr("cross_entropy"));
  EXPECT_THAT(refusal(MetricKind::auc, LossKind::cross_entropy, classes(3, TargetKind::sequence)),
              HasSubstr("sequences"));
  EXPECT_THAT(refusal(MetricKind::f1, LossKind::cross_entropy, classes(3, TargetKind::sequence)),
              HasSubstr("sequences"));
}

TEST(MetricErrors, OutputsThatDoNotFitNameBothShapes) {
  const auto wide = [] {
    measure({.metric = MetricKind::hamming, .data = classes(3)}, at::zeros({4, 5}), at::zeros({4}, at::kLong));
  };
  EXPECT_THAT(usage_error(wide),
              AllOf(HasSubstr("\"hamming\""), HasSubstr("[4, 5]"), HasSubstr("[4]"), HasSubstr("3 classes")));
}

}  // namespace
}  // namespace thalweg
