#include "thalweg/data/batches.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "thalweg/data/parts.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

// Rows that name themselves.
std::shared_ptr<Part> counting(std::int64_t rows) {
  return std::make_shared<TensorPart>(at::arange(rows, at::kFloat).unsqueeze(1), at::arange(rows, at::kLong));
}

// The same, but slow, so that batches are prefetched; `bad` fails.
class SlowPart final : public Part {
 public:
  explicit SlowPart(std::int64_t rows, std::int64_t bad = -1) : part_(counting(rows)), bad_(bad) {}
  std::int64_t rows() const override { return part_->rows(); }
  Batch gather(const at::Tensor& index) const override {
    if (index.eq(bad_).any().item<bool>()) throw InputError("a bad row");
    return part_->gather(index);
  }
  Batch slice(std::int64_t first, std::int64_t count) const override { return part_->slice(first, count); }
  bool slow_to_gather() const override { return true; }

 private:
  std::shared_ptr<Part> part_;
  std::int64_t bad_;
};

std::vector<std::int64_t> numbers(const at::Tensor& index) {
  return {index.const_data_ptr<std::int64_t>(), index.const_data_ptr<std::int64_t>() + index.numel()};
}

std::vector<std::int64_t> epoch_of(Batches& batches, std::int64_t epoch) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < batches.per_epoch(); ++i) {
    for (const std::int64_t row : numbers(batches.at(epoch, i).targets)) all.push_back(row);
  }
  return all;
}

TEST(Batches, EveryRowComesOnceAnEpochAndEachEpochHasItsOwnOrder) {
  Batches batches(counting(103), {.size = 10, .seed = 5});
  EXPECT_EQ(batches.per_epoch(), 11);
  const auto first = epoch_of(batches, 0), second = epoch_of(batches, 1);
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), 103U);
  EXPECT_EQ(first.size(), 103U);
  EXPECT_NE(first, second);
  EXPECT_EQ(batches.at(0, 10).rows, 3);
}

TEST(Batches, InputsTargetsAndIndexTellTheSameRows) {
  Batches batches(counting(20), {.size = 6, .seed = 1});
  const Batch batch = batches.at(3, 2);
  EXPECT_EQ(numbers(batch.inputs.squeeze(1).to(at::kLong)), numbers(batches.index(3, 2)));
  EXPECT_EQ(numbers(batch.targets), numbers(batches.index(3, 2)));
}

TEST(Batches, AreAFunctionOfSeedEpochAndNumberAlone) {
  Batches in_order(counting(50), {.size = 8, .seed = 9});
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) epoch_of(in_order, epoch);
  Batches resumed(counting(50), {.size = 8, .seed = 9});
  EXPECT_EQ(numbers(resumed.index(2, 4)), numbers(in_order.index(2, 4)));
  EXPECT_EQ(numbers(resumed.at(1, 0).targets), numbers(in_order.at(1, 0).targets));
  Batches other_seed(counting(50), {.size = 8, .seed = 10});
  EXPECT_NE(numbers(other_seed.index(2, 4)), numbers(in_order.index(2, 4)));
}

// The order is part of what a seed means: a change here changes every run.
TEST(Batches, TheOrderOfASeedIsTheSameOnEveryMachine) {
  Batches batches(counting(8), {.size = 4, .seed = 0});
  EXPECT_EQ(numbers(batches.index(0, 0)), (std::vector<std::int64_t>{5, 3, 0, 1}));
  EXPECT_EQ(numbers(batches.index(0, 1)), (std::vector<std::int64_t>{6, 7, 2, 4}));
}

TEST(Batches, WithoutShufflingTheFilesOrderStays) {
  Batches batches(counting(7), {.size = 3, .shuffle = false});
  EXPECT_THAT(epoch_of(batches, 4), testing::ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

TEST(Batches, DropLastLeavesOutTheRest) {
  Batches batches(counting(7), {.size = 3, .drop_last = true});
  EXPECT_EQ(batches.per_epoch(), 2);
  EXPECT_EQ(epoch_of(batches, 0).size(), 6U);
}

TEST(Batches, SizeZeroAndLargerThanThePartAreTheWholePartInItsOrder) {
  for (const std::int64_t size : {0, 7, 100}) {
    Batches batches(counting(7), {.size = size, .seed = 3});
    EXPECT_EQ(batches.per_epoch(), 1);
    EXPECT_THAT(epoch_of(batches, 0), testing::ElementsAre(0, 1, 2, 3, 4, 5, 6));
    EXPECT_THAT(numbers(batches.index(0, 0)), testing::ElementsAre(0, 1, 2, 3, 4, 5, 6));
  }
}

TEST(Batches, PrefetchChangesNothingInAnyOrderOfAsking) {
  for (const bool shuffle : {true, false}) {
    const Batches::Options options{.size = 5, .shuffle = shuffle, .seed = 2};
    Batches plain(counting(33), options), ahead(std::make_shared<SlowPart>(33), options);
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) EXPECT_EQ(epoch_of(plain, epoch), epoch_of(ahead, epoch));
    const std::pair<int, int> places[] = {{0, 6}, {2, 1}, {2, 1}, {2, 2}, {0, 0}, {5, 3}, {5, 5}};
    for (const auto& [epoch, number] : places) {
      EXPECT_EQ(numbers(plain.at(epoch, number).targets), numbers(ahead.at(epoch, number).targets));
    }
  }
}

TEST(Batches, AnErrorInThePrefetchComesWithItsOwnBatch) {
  Batches batches(std::make_shared<SlowPart>(9, 4), {.size = 3, .shuffle = false});
  EXPECT_NO_THROW(batches.at(0, 0));  // begins to gather batch 1, which fails
  EXPECT_NO_THROW(batches.at(0, 2));
  EXPECT_NO_THROW(batches.at(0, 0));
  EXPECT_THROW(batches.at(0, 1), InputError);
  EXPECT_THROW(batches.at(0, 1), InputError);
  EXPECT_NO_THROW(batches.at(0, 2));
}

TEST(Batches, RefusesWhatIsNoBatch) {
  EXPECT_THROW(Batches(counting(5), {.size = -1}), UsageError);
  EXPECT_THROW(Batches(counting(5), {.size = 6, .drop_last = true}), UsageError);
  Batches batches(counting(5), {.size = 2});
  EXPECT_THROW(batches.at(0, 3), std::out_of_range);
  EXPECT_THROW(batches.index(0, -1), std::out_of_range);
}

// A batch chooses each row as first with the same probability: chi-square with 9 degrees of freedom, p = 0.001 at 27.9.
TEST(Batches, EveryRowIsFirstEquallyOften) {
  Batches batches(counting(10), {.size = 1, .seed = 12});
  constexpr int kEpochs = 2000;
  std::vector<double> count(10, 0.0);
  for (int epoch = 0; epoch < kEpochs; ++epoch)
    ++count[static_cast<std::size_t>(batches.index(epoch, 0).item<std::int64_t>())];
  double chi_square = 0.0;
  for (const double c : count) chi_square += (c - kEpochs / 10.0) * (c - kEpochs / 10.0) / (kEpochs / 10.0);
  EXPECT_LT(chi_square, 27.9);
  EXPECT_GT(chi_square, 1.15) << "too even to be random";  // p = 0.001 from below
}

}  // namespace
}  // namespace thalweg
