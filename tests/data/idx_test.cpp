#include "thalweg/data/idx.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "files.h"
#include "thalweg/data/dataset.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t kLimit = std::size_t{1} << 30U;
const std::string kImages = idx(0x08, {3, 2, 2}, "abcdefghijkl");
const std::string kLabels = idx(0x08, {3}, std::string_view("\0\2\1", 3));

std::string refusal(const std::string& bytes) {
  const TestFolder folder;
  const auto file = folder.write("x-images-idx3-ubyte", bytes);
  return message_of<InputError>([&] { read_idx(file, kLimit); });
}

TEST(Idx, ReadsBytesPlainAndPacked) {
  const TestFolder folder;
  const at::Tensor expected = at::arange(97, 109, at::kByte).reshape({3, 2, 2});
  const Array plain = read_idx(folder.write("a", kImages), kLimit);
  EXPECT_TRUE(plain.bytes.mapped);
  EXPECT_TRUE(at::equal(plain.all(), expected));
  EXPECT_TRUE(at::equal(read_idx(folder.write("a.gz", gzip(kImages)), kLimit).all(), expected));
}

TEST(Idx, ReadsEveryTypeBigEndian) {
  const TestFolder folder;
  const auto read = [&](int type, const std::string& data) {
    return read_idx(folder.write("a", idx(type, {2}, data)), kLimit).all();
  };
  EXPECT_TRUE(at::equal(read(0x09, "\xff\x05"), at::tensor({-1, 5}, at::kChar)));
  EXPECT_TRUE(at::equal(read(0x0b, big_endian(0xfffe, 2) + big_endian(513, 2)), at::tensor({-2, 513}, at::kShort)));
  EXPECT_TRUE(
      at::equal(read(0x0c, big_endian(0xfffffffdU, 4) + big_endian(70000, 4)), at::tensor({-3, 70000}, at::kInt)));
  EXPECT_TRUE(at::equal(read(0x0d, big_endian(std::bit_cast<std::uint32_t>(1.5F), 4) + big_endian(0xc0000000U, 4)),
                        at::tensor({1.5F, -2.0F})));
  EXPECT_TRUE(at::equal(read(0x0e, big_endian(std::bit_cast<std::uint64_t>(0.1), 8) +
                                       big_endian(std::bit_cast<std::uint64_t>(-1e300), 8)),
                        at::tensor({0.1, -1e300}, at::kDouble)));
}

TEST(Idx, AFileOfSeveralGzipMembersIsOneFile) {
  const TestFolder folder;
  const auto file = folder.write("a.gz", gzip(kImages.substr(0, 9)) + gzip(kImages.substr(9)));
  EXPECT_EQ(read_idx(file, kLimit).all().numel(), 12);
}

TEST(Idx, RefusesWhatIsNoIdxFile) {
  EXPECT_THAT(refusal("PK\3\4whatever"), AllOf(HasSubstr("50 4b 03 04"), HasSubstr("no idx file")));
  EXPECT_THAT(refusal(idx(0x07, {1}, "a")), HasSubstr("00 00 07 01"));
  EXPECT_THAT(refusal("abc"), HasSubstr("too few"));
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal(idx(0x08, {}, "")), HasSubstr("no axes"));
}

TEST(Idx, RefusesTooFewAndTooManyBytes) {
  EXPECT_THAT(refusal(kImages.substr(0, kImages.size() - 1)),
              AllOf(HasSubstr("[3, 2, 2] = 12 bytes"), HasSubstr("11 follow"), HasSubstr("cut short")));
  EXPECT_THAT(refusal(kImages + "x"), AllOf(HasSubstr("13 follow"), HasSubstr("trailing")));
  EXPECT_THAT(refusal(kImages.substr(0, 10)), HasSubstr("ends inside its header"));
  EXPECT_THAT(refusal(gzip(kImages.substr(0, kImages.size() - 1))), HasSubstr("cut short"));
  EXPECT_THAT(refusal(gzip(kImages + "x")), HasSubstr("more data than its header says"));
  EXPECT_THAT(refusal(gzip(kImages.substr(0, 10))), HasSubstr("cut short"));
}

TEST(Idx, RefusesDamagedGzip) {
  const std::string packed = gzip(kImages);
  EXPECT_THAT(refusal(packed.substr(0, packed.size() - 9)), HasSubstr("cut short"));
  EXPECT_THAT(refusal(packed.substr(0, packed.size() - 1)), HasSubstr("cut short"))
      << "the checksum is part of the file";
  std::string wrong_sum = packed;
  wrong_sum[packed.size() - 6] ^= 1;
  EXPECT_THAT(refusal(wrong_sum), AllOf(HasSubstr("damaged"), HasSubstr("check")));
  EXPECT_THAT(refusal(packed + "junk"), HasSubstr("bytes follow the end"));
}

TEST(Idx, RefusesHeadersThatClaimMoreThanThereIs) {
  const std::uint32_t big = 0xffffffffU;
  EXPECT_THAT(refusal(idx(0x08, {big, big, big}, "abc")), HasSubstr("more than any file holds"));
  EXPECT_THAT(refusal(idx(0x08, {big, 4}, "abc")), HasSubstr("3 follow"));
  EXPECT_THAT(refusal(gzip(idx(0x08, {big, big, big}, "abc"))), HasSubstr("more than any file holds"));
  EXPECT_THAT(refusal(gzip(idx(0x0e, {big}, "abc"))), HasSubstr("compressed bytes can hold"))
      << "refused before memory is taken";
}

TEST(Idx, PackedDataBeyondTheMemoryAreRefusedWithTheWayOut) {
  const TestFolder folder;
  const auto file = folder.write("a.gz", gzip(idx(0x08, {1024, 1024}, std::string(1 << 20, 'x'))));
  EXPECT_NO_THROW(read_idx(file, std::size_t{4} << 20U));
  EXPECT_THAT(message_of<InputError>([&] { read_idx(file, std::size_t{3} << 20U); }),
              AllOf(HasSubstr("takes 4 MiB"), HasSubstr("data.memory = 3"), HasSubstr("gunzip")));
}

TEST(Idx, AFolderHoldsTheFourUsualNamesInAnySpelling) {
  const TestFolder folder;
  folder.write("d/train-images.idx3-ubyte", kImages);
  folder.write("d/train-labels-idx1-ubyte.gz", gzip(kLabels));
  EXPECT_FALSE(find_idx(folder.path() / "d").test);
  folder.write("d/t10k-images-idx3-ubyte", kImages);
  EXPECT_THAT(message_of<IoError>([&] { find_idx(folder.path() / "d"); }), HasSubstr("without the file of labels"));
  folder.write("d/t10k-labels-idx1-ubyte", kLabels);
  EXPECT_TRUE(find_idx(folder.path() / "d").test);
}

TEST(Idx, AFolderWithoutThemSaysWhatItShouldHold) {
  const TestFolder folder;
  EXPECT_THAT(message_of<IoError>([&] { find_idx(folder.path()); }), HasSubstr("train-images-idx3-ubyte"));
}

TEST(Idx, AFileOfImagesHasItsLabelsBeside) {
  const TestFolder folder;
  const auto images = folder.write("emnist-images-idx3-ubyte", kImages);
  EXPECT_THAT(message_of<IoError>([&] { find_idx(images); }), HasSubstr("emnist-labels-idx1-ubyte"));
  folder.write("emnist-labels-idx1-ubyte.gz", gzip(kLabels));
  EXPECT_EQ(find_idx(images).train.targets.filename(), "emnist-labels-idx1-ubyte.gz");
  EXPECT_THAT(message_of<UsageError>([&] { find_idx(folder.write("mine", kImages)); }),
              HasSubstr("'images' in its name"));
}

TEST(Idx, GreyImagesHaveOneChannelAndClassesFromTheLabels) {
  const TestFolder folder;
  folder.write("train-images-idx3-ubyte", kImages);
  folder.write("train-labels-idx1-ubyte", kLabels);
  const Dataset dataset = load_dataset(data_of(recipe::Format::idx, "."), 0, folder.path());
  EXPECT_EQ(dataset.info.input_shape, (std::vector<std::int64_t>{1, 2, 2}));
  EXPECT_EQ(dataset.info.classes, 3);
  const Batch batch = dataset.train->slice(0, 3);
  EXPECT_TRUE(at::equal(batch.inputs.flatten(), at::arange(97, 109, at::kFloat)));
  EXPECT_TRUE(at::equal(batch.targets, at::tensor({0, 2, 1}, at::kLong)));
}

TEST(Idx, ImagesAndLabelsMustMatch) {
  const TestFolder folder;
  folder.write("train-images-idx3-ubyte", kImages);
  folder.write("train-labels-idx1-ubyte", idx(0x08, {2}, "\1\1"));
  EXPECT_THAT(message_of<InputError>([&] { load_dataset(data_of(recipe::Format::idx, "."), 0, folder.path()); }),
              AllOf(HasSubstr("has 3 rows"), HasSubstr("has 2"), HasSubstr("train-labels-idx1-ubyte")));
}

}  // namespace
}  // namespace thalweg
