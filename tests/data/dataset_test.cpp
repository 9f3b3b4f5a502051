#include "thalweg/data/dataset.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files.h"
#include "thalweg/data/batches.h"
#include "thalweg/data/safetensors.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Scaling;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Datasets : public testing::Test {
 protected:
  // Rows whose only input is their number; the class is the number modulo 4.
  recipe::Data numbered(std::int64_t rows, std::int64_t test_rows = 0) {
    const at::Tensor x = at::arange(rows, at::kFloat).unsqueeze(1),
                     x_test = at::arange(1000, 1000 + test_rows, at::kFloat).unsqueeze(1);
    NamedTensors tensors = {{"x", x}, {"y", at::arange(rows, at::kLong).remainder(4)}};
    if (test_rows > 0) {
      tensors.emplace_back("x_test", x_test);
      tensors.emplace_back("y_test", at::arange(test_rows, at::kLong).remainder(4));
    }
    return store(tensors);
  }
  recipe::Data store(const NamedTensors& tensors, const std::string& name = "d.safetensors") {
    write_safetensors(folder_.path() / name, tensors);
    return data_of(recipe::Format::safetensors, name);
  }
  Dataset load(const recipe::Data& data, std::uint64_t seed = 0) { return load_dataset(data, seed, folder_.path()); }
  // The numbers of a part's rows.
  static std::vector<std::int64_t> rows(const std::shared_ptr<Part>& part) {
    const at::Tensor numbers = part->slice(0, part->rows()).inputs.flatten().to(at::kLong);
    return {numbers.const_data_ptr<std::int64_t>(), numbers.const_data_ptr<std::int64_t>() + numbers.numel()};
  }
  TestFolder folder_;
};

TEST_F(Datasets, WithNoSplitsEverythingIsTraining) {
  const Dataset dataset = load(numbered(8));
  EXPECT_EQ(dataset.train->rows(), 8);
  EXPECT_EQ(dataset.validation, nullptr);
  EXPECT_EQ(dataset.test, nullptr);
  EXPECT_EQ(dataset.heldout(), nullptr);
  EXPECT_THAT(dataset.notes, ElementsAre());
}

TEST_F(Datasets, FractionsAreStratifiedDisjointAndInTheFilesOrder) {
  recipe::Data data = numbered(80);
  data.test = 0.25;
  data.validation = 0.2;
  const Dataset dataset = load(data);
  const auto train = rows(dataset.train), validation = rows(dataset.validation), test = rows(dataset.test);
  EXPECT_EQ(test.size(), 20U);
  EXPECT_EQ(validation.size(), 12U);
  EXPECT_EQ(train.size(), 48U);
  std::vector<std::int64_t> all;
  for (const auto* part : {&train, &validation, &test}) {
    EXPECT_TRUE(std::ranges::is_sorted(*part));
    for (std::int64_t k = 0; k < 4; ++k) {
      EXPECT_EQ(std::ranges::count_if(*part, [&](std::int64_t row) { return row % 4 == k; }),
                static_cast<std::ptrdiff_t>(part->size() / 4));
    }
    all.insert(all.end(), part->begin(), part->end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  EXPECT_EQ(dataset.heldout(), dataset.validation.get());
}

TEST_F(Datasets, SplitsAreTheSeedsAndTestDoesNotDependOnValidation) {
  recipe::Data data = numbered(80);
  data.test = 0.25;
  data.validation = 0.2;
  EXPECT_EQ(rows(load(data, 3).test), rows(load(data, 3).test));
  EXPECT_NE(rows(load(data, 3).test), rows(load(data, 4).test));
  const auto test = rows(load(data, 3).test);
  data.validation = 0.0;
  EXPECT_EQ(rows(load(data, 3).test), test);
}

TEST_F(Datasets, TheLimitComesAfterTestAndBeforeValidation) {
  recipe::Data data = numbered(40);
  data.test = 0.5;
  const auto rest = rows(load(data, 1).train);
  data.limit = 8;
  data.validation = 0.5;
  const Dataset dataset = load(data, 1);
  std::vector<std::int64_t> both = rows(dataset.train), validation = rows(dataset.validation);
  both.insert(both.end(), validation.begin(), validation.end());
  std::ranges::sort(both);
  EXPECT_EQ(both, std::vector<std::int64_t>(rest.begin(), rest.begin() + 8));
  data.limit = 1000;
  EXPECT_EQ(load(data, 1).train->rows(), 10);
}

TEST_F(Datasets, TheTestPartIsGivenDrawnOrAnotherFile) {
  recipe::Data data = numbered(8, 4);
  data.test = recipe::Given{};
  EXPECT_THAT(rows(load(data).test), ElementsAre(1000, 1001, 1002, 1003));
  data.test = 0.5;
  const Dataset drawn = load(data);
  EXPECT_EQ(drawn.test->rows(), 4);
  EXPECT_THAT(drawn.notes, ElementsAre(HasSubstr("its own test part is not used")));
  store({{"x", at::full({3, 1}, 7.0F)}, {"y", at::tensor({5, 0, 1}, at::kLong)}}, "other.safetensors");
  data.test = std::string("other.safetensors");
  data.validation = std::string("other.safetensors");
  const Dataset other = load(data);
  EXPECT_THAT(rows(other.test), ElementsAre(7, 7, 7));
  EXPECT_THAT(rows(other.validation), ElementsAre(7, 7, 7));
  EXPECT_EQ(other.info.classes, 6) << "counted over all parts";
}

TEST_F(Datasets, PartsMustHaveRowsOfOneShape) {
  recipe::Data data = numbered(8);
  store({{"x", at::zeros({3, 2})}, {"y", at::zeros({3}, at::kLong)}}, "other.safetensors");
  data.test = std::string("other.safetensors");
  EXPECT_THAT(message_of<InputError>([&] { load(data); }),
              AllOf(HasSubstr("other.safetensors"), HasSubstr("[2]"), HasSubstr("[1]")));
}

TEST_F(Datasets, TooSmallAFractionIsANoteAndAllIsAnError) {
  recipe::Data data = numbered(4);
  data.validation = 0.1;
  EXPECT_THAT(load(data).notes,
              ElementsAre(AllOf(HasSubstr("data.validation = 0.1 of 4 rows"), HasSubstr("nothing is held out"))));
  data.validation = 0.9;
  EXPECT_THAT(message_of<UsageError>([&] { load(data); }), HasSubstr("leaves none to train on"));
}

TEST_F(Datasets, ScalingIsFittedOnTheTrainingPartOnly) {
  recipe::Data data = numbered(8, 4);
  data.test = recipe::Given{};
  data.validation = 0.25;
  data.input_scaling = {Scaling::standardize, 1.0};
  const Dataset raw = load([&] {
    recipe::Data d = data;
    d.input_scaling = {Scaling::none, 1.0};
    return d;
  }());
  const Dataset dataset = load(data);
  const auto values = [](const std::shared_ptr<Part>& part) {
    return part->slice(0, part->rows()).inputs.to(at::kDouble);
  };
  const at::Tensor train = values(raw.train);
  for (const auto part : {&Dataset::train, &Dataset::validation, &Dataset::test}) {
    EXPECT_TRUE(at::allclose(values(dataset.*part), (values(raw.*part) - train.mean()) / train.std(false), 1e-5, 1e-5));
  }
}

TEST_F(Datasets, TheTestPartMayBeScaledOtherwiseToSayTheFoolishThing) {
  recipe::Data data = numbered(8, 4);
  data.test = recipe::Given{};
  data.validation = 0.25;
  data.input_scaling = {Scaling::divide, 2.0};
  data.test_input_scaling = {Scaling::none, 1.0};
  const Dataset dataset = load(data);
  EXPECT_THAT(rows(dataset.test), ElementsAre(1000, 1001, 1002, 1003));
  EXPECT_LT(dataset.validation->slice(0, 2).inputs.max().item<float>(), 4.0F) << "validation stays with training";
  data.input_scaling = {Scaling::same, 1.0};
  EXPECT_THAT(message_of<UsageError>([&] { load(data); }), HasSubstr("'same' is for the test part"));
}

TEST_F(Datasets, StatisticsAreThoseOfTheScaledTrainingPart) {
  recipe::Data data =
      store({{"x", at::tensor({0.0F, 0.0F, 2.0F, 20.0F}).reshape({2, 2})}, {"y", at::tensor({3.0F, 5.0F})}});
  Dataset dataset = load(data);
  EXPECT_DOUBLE_EQ(dataset.statistics.input_mean, 5.5);
  EXPECT_DOUBLE_EQ(dataset.statistics.input_rms, std::sqrt(101.0));
  EXPECT_DOUBLE_EQ(dataset.statistics.input_max_abs, 20.0);
  EXPECT_DOUBLE_EQ(dataset.statistics.input_scale_spread, 10.0);
  EXPECT_DOUBLE_EQ(dataset.statistics.target_rms, std::sqrt(17.0));
  data.input_scaling = {Scaling::standardize, 1.0};
  data.target_scaling = {Scaling::standardize, 1.0};
  dataset = load(data);
  EXPECT_DOUBLE_EQ(dataset.statistics.input_scale_spread, 1.0);
  EXPECT_DOUBLE_EQ(dataset.statistics.target_rms, 1.0);
}

TEST_F(Datasets, ClassSharesAreThoseOfTheTrainingPart) {
  recipe::Data data = store({{"x", at::zeros({4, 1})}, {"y", at::tensor({0, 2, 2, 2}, at::kLong)}});
  EXPECT_THAT(load(data).statistics.class_share, ElementsAre(0.25, 0.0, 0.75));
  data.targets = recipe::TargetKind::onehot;
  EXPECT_THAT(load(data).statistics.class_share, ElementsAre(0.25, 0.0, 0.75));
}

TEST_F(Datasets, WholeNumbersForEachStepAreTokens) {
  recipe::Data data = store({{"x", at::tensor({0, 6, 1, 2}, at::kLong).reshape({2, 2})},
                             {"y", at::tensor({1, 0, 3, 0}, at::kLong).reshape({2, 2})}});
  data.input_scaling = {Scaling::standardize, 1.0};  // the default, which means nothing here
  const Dataset dataset = load(data);
  EXPECT_TRUE(dataset.info.tokens);
  EXPECT_EQ(dataset.info.vocabulary, 7);
  EXPECT_EQ(dataset.info.classes, 4);
  EXPECT_EQ(dataset.train->slice(0, 2).inputs.scalar_type(), at::kLong);
  data.input_scaling = {Scaling::divide, 2.0};
  EXPECT_THAT(message_of<UsageError>([&] { load(data); }), HasSubstr("not scaled"));
  data = store({{"x", at::tensor({0, -6, 1, 2}, at::kLong).reshape({2, 2})}, {"y", at::zeros({2, 2}, at::kLong)}});
  EXPECT_THAT(message_of<InputError>([&] { load(data); }), HasSubstr("has the number -6"));
}

TEST_F(Datasets, NotFiniteValuesAreRefusedInEveryPart) {
  at::Tensor x = at::zeros({8, 2});
  x[6][1] = std::numeric_limits<float>::infinity();
  recipe::Data data = store({{"x", x}, {"y", at::arange(8, at::kLong).remainder(2)}});
  EXPECT_THAT(message_of<InputError>([&] { load(data); }),
              AllOf(HasSubstr("array x[6, 1] = inf"), HasSubstr("finite")));
  store({{"x", at::zeros({8, 2})}, {"y", at::zeros({8}, at::kLong)}}, "good.safetensors");
  data.path = "good.safetensors";
  data.test = std::string("d.safetensors");
  EXPECT_THAT(message_of<InputError>([&] { load(data); }), HasSubstr("array x[6, 1] = inf"));
  store({{"x", at::full({8, 2}, 1e60, at::kDouble)}, {"y", at::zeros({8}, at::kLong)}});
  EXPECT_THAT(message_of<InputError>([&] { load(data); }), HasSubstr("too large for float32"));
}

TEST_F(Datasets, RefusesTablesWithoutContent) {
  const auto error = [&](const NamedTensors& tensors) {
    const recipe::Data data = store(tensors);
    return message_of<InputError>([&] { load(data); });
  };
  const at::Tensor y = at::zeros({2}, at::kLong);
  EXPECT_THAT(error({{"x", at::zeros({0, 2})}, {"y", at::zeros({0}, at::kLong)}}), HasSubstr("nothing in it"));
  EXPECT_THAT(error({{"x", at::zeros({2, 0})}, {"y", y}}), HasSubstr("nothing in it"));
  EXPECT_THAT(error({{"x", at::zeros({2, 1}, at::kComplexFloat)}, {"y", y}}), HasSubstr("real numbers are read"));
  EXPECT_THAT(error({{"x", at::zeros({})}, {"y", y}}), HasSubstr("single number"));
  EXPECT_THAT(error({{"images", at::zeros({2, 1})}, {"y", y}}),
              AllOf(HasSubstr("has no array x"), HasSubstr("it has y, images")));
}

TEST_F(Datasets, NpyDataAreTwoFilesAndOtherPartsAreFoldersOfTheSame) {
  const auto array = [](const std::string& descr, const std::string& shape, const std::string& bytes) {
    return npy("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}", bytes);
  };
  folder_.write("in.npy", array("|u1", "(2, 2)", "abcd"));
  folder_.write("out.npy", array("|u1", "(2,)", {0, 1}));
  folder_.write("later/in.npy", array("|u1", "(1, 2)", "xy"));
  folder_.write("later/out.npy", array("|u1", "(1,)", {2}));
  recipe::Data data = data_of(recipe::Format::npy, "");
  data.inputs = "in.npy";
  data.targets_path = "out.npy";
  data.test = std::string("later");
  const Dataset dataset = load(data);
  EXPECT_TRUE(at::equal(dataset.train->slice(0, 2).inputs.flatten(), at::tensor({97.0F, 98.0F, 99.0F, 100.0F})));
  EXPECT_TRUE(at::equal(dataset.test->slice(0, 1).targets, at::tensor({2}, at::kLong)));
  data.targets_path = "outs.npy";
  EXPECT_THAT(message_of<IoError>([&] { load(data); }),
              AllOf(HasSubstr("data.targets_path"), HasSubstr("did you mean"), HasSubstr("out.npy")));
}

// What does not fit the memory stays in its file, and is the same data.
TEST_F(Datasets, MappedDataAreTheSameAsLoadedData) {
  at::manual_seed(4);
  const std::int64_t rows = 3000;
  const at::Tensor images = at::randint(256, {rows, 1, 10, 10}, at::kByte), labels = at::randint(5, {rows}, at::kLong);
  recipe::Data data = store({{"x", images}, {"y", labels}, {"x_test", images.flip(0)}, {"y_test", labels}});
  data.test = recipe::Given{};
  data.validation = 0.1;
  for (const Scaling kind : {Scaling::standardize, Scaling::unit, Scaling::row_l2, Scaling::none}) {
    data.input_scaling = {kind, 1.0};
    data.memory = 4096;
    const Dataset loaded = load(data);
    data.memory = 1;
    const Dataset mapped = load(data);
    EXPECT_FALSE(loaded.train->slow_to_gather());
    ASSERT_TRUE(mapped.train->slow_to_gather());
    for (const auto part : {&Dataset::train, &Dataset::validation, &Dataset::test}) {
      const std::int64_t n = (loaded.*part)->rows();
      ASSERT_EQ((mapped.*part)->rows(), n);
      const at::Tensor index = at::randint(n, {50}, at::kLong);
      const Batch a = (loaded.*part)->gather(index), b = (mapped.*part)->gather(index);
      EXPECT_TRUE(at::equal(a.inputs, b.inputs) && at::equal(a.targets, b.targets));
      EXPECT_TRUE(at::equal((loaded.*part)->slice(5, 20).inputs, (mapped.*part)->slice(5, 20).inputs));
    }
    EXPECT_EQ(loaded.statistics.input_rms, mapped.statistics.input_rms);
    Batches one(loaded.train, {.size = 64, .seed = 1}), other(mapped.train, {.size = 64, .seed = 1});
    for (std::int64_t i = 0; i < one.per_epoch(); ++i)
      EXPECT_TRUE(at::equal(one.at(0, i).inputs, other.at(0, i).inputs));
  }
  EXPECT_THROW(load(data).train->gather(at::tensor({rows}, at::kLong)), std::exception);
}

TEST_F(Datasets, AMappedBatchOutlivesTheDataset) {
  recipe::Data data = store({{"x", at::ones({400, 1000})}, {"y", at::zeros({400}, at::kLong)}});
  data.memory = 1;
  std::shared_ptr<Part> train = load(data).train;
  ASSERT_TRUE(train->slow_to_gather());
  std::filesystem::remove(folder_.path() / "d.safetensors");
  EXPECT_EQ(train->slice(0, 2).inputs.sum().item<float>(), 2000.0F);
}

TEST_F(Datasets, RefusesAMemoryOfNothing) {
  recipe::Data data = numbered(4);
  data.memory = 0;
  EXPECT_THAT(message_of<UsageError>([&] { load(data); }), HasSubstr("data.memory"));
}

}  // namespace
}  // namespace thalweg
