#include "thalweg/data/targets.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files.h"
#include "thalweg/data/target_scaling.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::TargetKind;
using testing::AllOf;
using testing::HasSubstr;

Source source_of(const at::Tensor& targets, at::Tensor inputs = {}) {
  if (!inputs.defined()) inputs = at::zeros({targets.size(0), 4});
  Source source;
  source.name = "data";
  source.train = {to_array(inputs, "x"), to_array(targets, "y")};
  return source;
}

Targets read(const Source& source, TargetKind kind = TargetKind::infer) {
  recipe::Data data;
  data.targets = kind;
  std::vector<std::string> notes;
  return read_targets(source, data, notes);
}
std::string refusal(const at::Tensor& targets, TargetKind kind, const at::Tensor& inputs = {}) {
  return message_of<InputError>([&] { read(source_of(targets, inputs), kind); });
}

at::Tensor whole(std::initializer_list<std::int64_t> values) {
  return at::tensor(at::ArrayRef<std::int64_t>(values), at::kLong);
}

TEST(Targets, TheirTypeAndShapeTellWhatTheyAre) {
  EXPECT_EQ(read(source_of(whole({0, 1, 2}))).kind, TargetKind::classes);
  EXPECT_EQ(read(source_of(whole({0, 1, 2}).unsqueeze(1))).kind, TargetKind::classes);
  EXPECT_EQ(read(source_of(whole({0, 1, 1}).to(at::kBool))).classes, 2);
  EXPECT_EQ(read(source_of(at::tensor({0.0F, 1.0F}))).kind, TargetKind::real) << "a type with fractions is an amount";
  EXPECT_EQ(read(source_of(at::rand({3, 2}))).kind, TargetKind::real);
  EXPECT_EQ(read(source_of(at::eye(3))).kind, TargetKind::onehot);
  EXPECT_EQ(read(source_of(at::ones({3, 2}))).kind, TargetKind::multilabel);
  EXPECT_EQ(read(source_of(at::zeros({3, 4}, at::kLong), at::zeros({3, 4}, at::kInt))).kind, TargetKind::sequence);
  EXPECT_EQ(read(source_of(at::zeros({3, 4}, at::kLong), at::zeros({3, 4, 7}))).kind, TargetKind::sequence);
  EXPECT_EQ(read(source_of(at::full({3, 5}, 2, at::kLong))).kind, TargetKind::real);
}

TEST(Targets, ShapesAndCountsOfEachKind) {
  const Targets classes = read(source_of(whole({0, 4, 1})));
  EXPECT_EQ(classes.classes, 5);
  EXPECT_EQ(classes.columns, 1);
  const Targets real = read(source_of(at::tensor({0.5, 1.0}, at::kDouble)));
  EXPECT_EQ(real.train.sizes(), (at::IntArrayRef{2, 1}));
  EXPECT_EQ(real.classes, 0);
  const Targets onehot = read(source_of(at::eye(3)));
  EXPECT_EQ(onehot.classes, 3);
  EXPECT_EQ(onehot.columns, 3);
  EXPECT_EQ(onehot.train.scalar_type(), at::kFloat);
  const Targets sequence = read(source_of(whole({0, 3, 1, 1, 2, 0}).reshape({2, 3}), at::zeros({2, 3, 1})));
  EXPECT_EQ(sequence.classes, 4);
  EXPECT_EQ(sequence.train.sizes(), (at::IntArrayRef{2, 3}));
}

TEST(Targets, OneHotExpandsNumbersAndWholeFloatsMayBeClasses) {
  const Targets expanded = read(source_of(whole({2, 0})), TargetKind::onehot);
  EXPECT_TRUE(at::equal(expanded.train, at::tensor({0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 0.0F}).reshape({2, 3})));
  EXPECT_EQ(expanded.classes, 3);
  EXPECT_EQ(read(source_of(at::tensor({0.0F, 3.0F})), TargetKind::classes).classes, 4);
}

TEST(Targets, ClassesAreWholeAndCountFromZero) {
  EXPECT_THAT(refusal(whole({0, 1, -1}), TargetKind::infer),
              AllOf(HasSubstr("y[2] = -1"), HasSubstr("numbered from 0")));
  EXPECT_THAT(refusal(at::tensor({0.0, 1.5}, at::kDouble), TargetKind::classes),
              AllOf(HasSubstr("y[1] = 1.5"), HasSubstr("whole number")));
  EXPECT_THAT(refusal(whole({0, 1'000'000}), TargetKind::classes),
              AllOf(HasSubstr("y[1] = 1000000"), HasSubstr("at most 1000000")));
  EXPECT_THAT(refusal(whole({0, std::int64_t{1} << 62}), TargetKind::classes), HasSubstr("at most 1000000"));
  EXPECT_THAT(refusal(at::zeros({3, 2}), TargetKind::classes),
              AllOf(HasSubstr("[3, 2]"), HasSubstr("one number a row")));
}

TEST(Targets, NothingIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const TargetKind kind : {TargetKind::infer, TargetKind::real, TargetKind::classes}) {
    EXPECT_THAT(refusal(at::tensor({0.0, nan}, at::kDouble), kind),
                HasSubstr("y[1] = nan: a target must be a finite number"));
  }
  EXPECT_THAT(refusal(at::tensor({0.0, 1.0, inf, 1.0}, at::kDouble).reshape({2, 2}), TargetKind::infer),
              HasSubstr("y[1, 0] = inf"));
}

TEST(Targets, LabelsAreZeroOrOneAndOneHotRowsHaveOneOne) {
  EXPECT_THAT(refusal(at::tensor({1.0F, 0.5F}).reshape({1, 2}), TargetKind::multilabel),
              AllOf(HasSubstr("y[0, 1] = 0.5"), HasSubstr("0 or 1")));
  EXPECT_THAT(refusal(at::tensor({1.0F, 0.0F, 1.0F, 1.0F}).reshape({2, 2}), TargetKind::onehot),
              AllOf(HasSubstr("row [1] = 2"), HasSubstr("exactly one 1")));
  EXPECT_THAT(refusal(at::zeros({2, 2, 2}), TargetKind::real), HasSubstr("[rows, columns]"));
}

TEST(Targets, ASequenceHasAClassForEachStep) {
  EXPECT_THAT(refusal(at::zeros({2, 3}, at::kLong), TargetKind::sequence, at::zeros({2, 4, 1})),
              AllOf(HasSubstr("[2, 3]"), HasSubstr("[2, 4, 1]")));
  EXPECT_THAT(refusal(at::full({2, 3}, -1, at::kLong), TargetKind::sequence, at::zeros({2, 3, 1})),
              HasSubstr("numbered from 0"));
}

// Targets that were split already, and what scaling makes of them.
struct Scaled {
  Targets parts;
  DataInfo info;
  std::vector<std::string> notes;
};
Scaled scale(recipe::Data data, TargetKind kind, const at::Tensor& train, const at::Tensor& test = {}) {
  Scaled result;
  result.parts.kind = kind;
  result.parts.train = train;
  result.parts.test = test;
  result.parts.columns = train.dim() == 2 ? train.size(1) : 1;
  if (kind == TargetKind::classes) result.parts.classes = train.max().item<std::int64_t>() + 1;
  scale_targets(data, result.parts, result.info, result.notes);
  return result;
}
recipe::Data scaling(recipe::Scaling kind, double divisor = 1.0) {
  recipe::Data data;
  data.target_scaling = {kind, divisor};
  return data;
}
const at::Tensor& amounts() {
  static const at::Tensor values = at::tensor({1.0, 10.0, 3.0, 10.0, 5.0, 10.0}, at::kDouble).reshape({3, 2});
  return values;
}

TEST(TargetScaling, IsFittedOnTheTrainingPartAndTold) {
  const at::Tensor test = at::tensor({9.0, 12.0}, at::kDouble).reshape({1, 2});
  const Scaled result = scale(scaling(recipe::Scaling::standardize), TargetKind::real, amounts(), test);
  const double std = std::sqrt(8.0 / 3.0);
  EXPECT_THAT(result.info.target_shift, testing::ElementsAre(3.0, 10.0));
  EXPECT_THAT(result.info.target_scale, testing::ElementsAre(testing::DoubleEq(std), 1.0))
      << "a constant column is only centred";
  EXPECT_THAT(result.notes, testing::ElementsAre(HasSubstr("1 constant target column")));
  EXPECT_TRUE(at::allclose(result.parts.test, at::tensor({6.0 / std, 2.0}, at::kDouble).to(at::kFloat).unsqueeze(0)));
  EXPECT_EQ(result.parts.train.scalar_type(), at::kFloat);
}

TEST(TargetScaling, MinmaxNumberAndNone) {
  EXPECT_TRUE(at::equal(scale(scaling(recipe::Scaling::minmax), TargetKind::real, amounts()).parts.train.select(1, 0),
                        at::tensor({0.0F, 0.5F, 1.0F})));
  const Scaled divided = scale(scaling(recipe::Scaling::divide, 2.0), TargetKind::real, amounts());
  EXPECT_TRUE(at::equal(divided.parts.train.select(1, 0), at::tensor({0.5F, 1.5F, 2.5F})));
  EXPECT_THAT(divided.info.target_scale, testing::ElementsAre(2.0, 2.0));
  const Scaled none = scale(scaling(recipe::Scaling::none), TargetKind::real, amounts());
  EXPECT_THAT(none.info.target_shift, testing::ElementsAre(0.0, 0.0));
  EXPECT_THAT(none.info.target_scale, testing::ElementsAre(1.0, 1.0));
}

TEST(TargetScaling, TheTestPartMayBeScaledOtherwiseToSayTheFoolishThing) {
  recipe::Data data = scaling(recipe::Scaling::standardize);
  data.test_target_scaling = {recipe::Scaling::none, 1.0};
  const at::Tensor test = at::tensor({9.0, 12.0}, at::kDouble).reshape({1, 2});
  EXPECT_TRUE(at::equal(scale(data, TargetKind::real, amounts(), test).parts.test, test.to(at::kFloat)));
}

TEST(TargetScaling, DividedClassesAreCutToWholeNumbers) {
  const Scaled result =
      scale(scaling(recipe::Scaling::divide, 255.0), TargetKind::classes, whole({0, 5, 9}), whole({9, 3}));
  EXPECT_TRUE(at::equal(result.parts.train, whole({0, 0, 0})));
  EXPECT_EQ(result.info.classes, 1);
  recipe::Data data = scaling(recipe::Scaling::divide, 255.0);
  data.test_target_scaling = {recipe::Scaling::none, 1.0};
  const Scaled other = scale(data, TargetKind::classes, whole({0, 5, 9}), whole({9, 3}));
  EXPECT_TRUE(at::equal(other.parts.test, whole({9, 3})));
  EXPECT_EQ(other.info.classes, 10) << "counted over all parts, as they are used";
}

TEST(TargetScaling, RefusesWhatTheKindDoesNotTake) {
  const auto error = [](const recipe::Data& data, TargetKind kind, const at::Tensor& train) {
    return message_of<UsageError>([&] { scale(data, kind, train); });
  };
  EXPECT_THAT(error(scaling(recipe::Scaling::standardize), TargetKind::classes, whole({0, 1})),
              HasSubstr("classes take none or a number"));
  EXPECT_THAT(error(scaling(recipe::Scaling::divide, 2.0), TargetKind::multilabel, at::ones({2, 2})),
              HasSubstr("take none"));
  EXPECT_THAT(error(scaling(recipe::Scaling::row_l2), TargetKind::real, amounts()), HasSubstr("real targets take"));
  EXPECT_THAT(error(scaling(recipe::Scaling::divide, 0.0), TargetKind::real, amounts()),
              HasSubstr("data.target_scaling = 0"));
  EXPECT_THAT(error(scaling(recipe::Scaling::divide, -1.0), TargetKind::classes, whole({0, 1})), HasSubstr("above 0"));
  EXPECT_THAT(error(scaling(recipe::Scaling::divide, 1e-9), TargetKind::classes, whole({0, 1})), HasSubstr("million"));
  EXPECT_THAT(message_of<InputError>([] {
                scale(scaling(recipe::Scaling::none), TargetKind::real, at::full({2, 1}, 1e60, at::kDouble));
              }),
              HasSubstr("too large for float32"));
}

}  // namespace
}  // namespace thalweg
