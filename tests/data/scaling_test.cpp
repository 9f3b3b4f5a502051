#include "thalweg/data/scaling.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "files.h"
#include "thalweg/data/statistics.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Scaling;
using testing::AllOf;
using testing::HasSubstr;

at::Tensor rows_of(const Array& array) { return at::arange(array.rows(), at::kLong); }
InputScaling fitted(const at::Tensor& values, Scaling kind, double divisor = 1.0) {
  const Array array = to_array(values, "x");
  return InputScaling({kind, divisor}, array, measure(array, as_span(rows_of(array))), "data.input_scaling");
}
at::Tensor scaled(const at::Tensor& values, Scaling kind, double divisor = 1.0) {
  return fitted(values, kind, divisor).apply(values);
}

// Dense figures in double, over all that is scaled alike.
at::Tensor standardised(const at::Tensor& values, at::IntArrayRef axes) {
  const at::Tensor wide = values.to(at::kDouble);
  return (wide - wide.mean(axes, true)) / wide.std(axes, false, true);
}

TEST(Scaling, StandardizesColumnsChannelsAndFeatures) {
  at::manual_seed(1);
  const at::Tensor table = at::randn({500, 3}, at::kDouble) * at::tensor({1.0, 100.0, 0.01}, at::kDouble) + 7.0;
  EXPECT_TRUE(at::allclose(scaled(table, Scaling::standardize).to(at::kDouble), standardised(table, {0}), 1e-5, 1e-5));
  const at::Tensor images = at::randint(256, {40, 3, 5, 4}, at::kByte);
  EXPECT_TRUE(
      at::allclose(scaled(images, Scaling::standardize).to(at::kDouble), standardised(images, {0, 2, 3}), 1e-5, 1e-5));
  const at::Tensor sequences = at::randn({50, 6, 2}) * at::tensor({1.0F, 30.0F});
  EXPECT_TRUE(at::allclose(scaled(sequences, Scaling::standardize).to(at::kDouble), standardised(sequences, {0, 1}),
                           1e-5, 1e-5));
  const at::Tensor single = at::arange(9, at::kFloat);
  EXPECT_TRUE(
      at::allclose(scaled(single, Scaling::standardize).to(at::kDouble), standardised(single, {0}), 1e-5, 1e-5));
}

// The steps are those of a script in PyTorch, so that both give the same bits.
TEST(Scaling, IsOneSubtractionAndOneDivisionInFloat) {
  const at::Tensor images = at::randint(256, {30, 1, 6, 6}, at::kByte);
  const at::Tensor wide = images.to(at::kDouble);
  const at::Tensor expected = (images.to(at::kFloat) - wide.mean().to(at::kFloat)) /
                              wide.std(at::IntArrayRef{0, 1, 2, 3}, false).to(at::kFloat);
  EXPECT_TRUE(at::allclose(scaled(images, Scaling::standardize), expected, 0.0, 1e-6));
  EXPECT_TRUE(at::equal(scaled(images, Scaling::divide, 255.0), images.to(at::kFloat) / 255.0));
  EXPECT_TRUE(at::equal(scaled(images, Scaling::unit), images.to(at::kFloat) / 255.0));
  EXPECT_TRUE(at::equal(scaled(images, Scaling::none), images.to(at::kFloat)));
}

TEST(Scaling, MinmaxAndUnitOfOtherThanBytes) {
  const at::Tensor values = at::tensor({2.0F, -10.0F, 4.0F, 0.0F, 6.0F, 30.0F}).reshape({3, 2});
  const at::Tensor expected = at::tensor({0.0F, 0.0F, 0.5F, 0.25F, 1.0F, 1.0F}).reshape({3, 2});
  EXPECT_TRUE(at::equal(scaled(values, Scaling::minmax), expected));
  EXPECT_TRUE(at::equal(scaled(values, Scaling::unit), expected));
}

TEST(Scaling, RowL2TakesTheWholeSampleAndLeavesZeros) {
  const at::Tensor images = at::tensor({3.0F, 0.0F, 0.0F, 4.0F, 0.0F, 0.0F, 0.0F, 0.0F}).reshape({2, 1, 2, 2});
  EXPECT_TRUE(at::equal(scaled(images, Scaling::row_l2), images / 5.0));
}

TEST(Scaling, AConstantColumnIsOnlyCentred) {
  const at::Tensor values = at::tensor({0.1, 1.0, 0.1, 2.0, 0.1, 3.0}, at::kDouble).reshape({3, 2});
  for (const Scaling kind : {Scaling::standardize, Scaling::minmax}) {
    const InputScaling scaling = fitted(values, kind);
    EXPECT_EQ(scaling.constant_columns(), 1);
    EXPECT_TRUE(at::equal(scaling.apply(values).select(1, 0), at::zeros({3}))) << "no division by zero or by rounding";
  }
}

// A time stamp in seconds keeps its digits: float would see steps of 128.
TEST(Scaling, WideTypesAreScaledInDouble) {
  const at::Tensor stamps = at::arange(100, at::kDouble) + 1.7e9;
  EXPECT_TRUE(
      at::allclose(scaled(stamps, Scaling::minmax).to(at::kDouble), at::arange(100, at::kDouble) / 99.0, 0.0, 1e-6));
  EXPECT_TRUE(at::allclose(scaled(stamps.to(at::kLong), Scaling::minmax).to(at::kDouble),
                           at::arange(100, at::kDouble) / 99.0, 0.0, 1e-6));
}

TEST(Scaling, EveryNumericTypeIsTaken) {
  for (const at::ScalarType type :
       {at::kBool, at::kByte, at::kChar, at::kShort, at::kUInt16, at::kInt, at::kUInt32, at::kLong, at::kUInt64,
        at::kHalf, at::kBFloat16, at::kFloat, at::kDouble, at::kFloat8_e4m3fn}) {
    const at::Tensor values = at::tensor({0.0F, 1.0F, 1.0F, 0.0F}).to(type);
    EXPECT_TRUE(at::equal(scaled(values, Scaling::standardize), at::tensor({-1.0F, 1.0F, 1.0F, -1.0F})))
        << c10::toString(type);
  }
}

TEST(Scaling, RefusesDivisorsAndValuesThatCannotBe) {
  const at::Tensor values = at::ones({2, 2}, at::kDouble);
  for (const double divisor :
       {0.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(message_of<UsageError>([&] { fitted(values, Scaling::divide, divisor); }),
                HasSubstr("data.input_scaling"));
  }
  EXPECT_THAT(message_of<InputError>([&] { fitted(values * 1e60, Scaling::none); }),
              HasSubstr("too large for float32"));
  EXPECT_NO_THROW(fitted(values * 1e60, Scaling::standardize));
}

TEST(Measure, MomentsOfManyBlocksAreThoseOfTheWhole) {
  at::manual_seed(2);
  const at::Tensor values = at::randn({9000, 3}, at::kDouble) * 1e-3 + 1e6;  // the deviation is 1e-9 of the mean
  const Array array = to_array(values, "x");
  ASSERT_GT(array.rows(), 2 * block_rows(array));
  const at::Tensor rows = at::arange(1, 9000, 2, at::kLong);
  const Moments moments = measure(array, as_span(rows));
  const at::Tensor chosen = values.index_select(0, rows);
  for (std::int64_t c = 0; c < 3; ++c) {
    const at::Tensor column = chosen.select(1, c);
    EXPECT_NEAR(moments.mean[c], column.mean().item<double>(), 1e-8);
    EXPECT_NEAR(deviation(moments, c) / column.std(false).item<double>(), 1.0, 1e-6);
    EXPECT_EQ(moments.min[c], column.min().item<double>());
    EXPECT_EQ(moments.max[c], column.max().item<double>());
  }
}

TEST(Measure, NamesTheElementThatIsNotFinite) {
  at::Tensor values = at::zeros({5000, 2, 2});
  values[4321][1][0] = std::numeric_limits<float>::quiet_NaN();
  const Array array = to_array(values, "x.npy");
  const at::Tensor all = rows_of(array);
  const auto as_is = [](const at::Tensor& block) { return block; };
  const auto expected = AllOf(HasSubstr("x.npy[4321, 1, 0] = nan"), HasSubstr("finite"));
  EXPECT_THAT(message_of<InputError>([&] { measure(array, as_span(all)); }), expected);
  EXPECT_THAT(message_of<InputError>([&] { check_finite(array, as_span(all), as_is); }), expected);
  const at::Tensor others = at::arange(4000, at::kLong);
  EXPECT_NO_THROW(check_finite(array, as_span(others), as_is));
  const Array huge = to_array(at::full({10, 1}, 1e308, at::kDouble), "x");
  EXPECT_THAT(message_of<InputError>([&] { measure(huge, as_span(rows_of(huge))); }),
              HasSubstr("too large for float32 or their average"));
}

// The statistics of scaled inputs are computed from the moments before scaling; here against the scaled values
// themselves.
TEST(Statistics, DescribeTheScaledInputs) {
  at::manual_seed(3);
  const at::Tensor values = at::randn({300, 2, 3, 3}) * at::tensor({1.0F, 20.0F}).reshape({2, 1, 1}) + 5.0F;
  const Array array = to_array(values, "x");
  const Layout layout = layout_of(array);
  const Moments raw = measure(array, as_span(rows_of(array)));
  for (const Scaling kind : {Scaling::none, Scaling::standardize, Scaling::minmax, Scaling::divide, Scaling::row_l2}) {
    const InputScaling scaling({kind, -4.0}, array, raw, "k");
    const at::Tensor after = scaling.apply(values).to(at::kDouble);
    const Array after_array = to_array(after, "x");
    const Moments moments =
        scaling.is_affine() ? scaling.scaled(raw, layout) : measure(after_array, as_span(rows_of(array)));
    DataStatistics statistics;
    describe_inputs(moments, layout, statistics);
    EXPECT_NEAR(statistics.input_mean, after.mean().item<double>(), 1e-5);
    EXPECT_NEAR(statistics.input_rms, after.square().mean().sqrt().item<double>(), 1e-5);
    EXPECT_NEAR(statistics.input_max_abs, after.abs().max().item<double>(), 1e-5);
    const at::Tensor std = after.std(at::IntArrayRef{0, 2, 3}, false);
    EXPECT_NEAR(statistics.input_scale_spread, (std.max() / std.min()).item<double>(), 1e-4);
  }
}

TEST(Statistics, ConstantColumnsHaveNoScaleToSpread) {
  const Array array = to_array(at::ones({10, 2}), "x");
  DataStatistics statistics;
  describe_inputs(measure(array, as_span(rows_of(array))), layout_of(array), statistics);
  EXPECT_EQ(statistics.input_scale_spread, 1.0);
}

}  // namespace
}  // namespace thalweg
