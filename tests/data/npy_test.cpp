#include "thalweg/data/npy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "files.h"
#include "thalweg/data/dataset.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t kLimit = std::size_t{1} << 30U;
const char* const kTypes[] = {"b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"};

at::Tensor expected(const std::filesystem::path& file, at::IntArrayRef shape) {
  const std::string bytes = read_bytes(file);
  at::Tensor values = at::empty(shape, at::kDouble);
  EXPECT_EQ(bytes.size(), values.nbytes()) << file;
  std::memcpy(values.data_ptr(), bytes.data(), std::min(bytes.size(), values.nbytes()));
  return values;
}

// Files that numpy wrote.
class NpyOfNumpy : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    run_python("make_arrays.py", {folder_->path().string()});
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::filesystem::path file(const std::string& name) { return folder_->path() / name; }
  static std::string refusal(const std::string& name) {
    return message_of<InputError>([&] { read_npy(file(name), kLimit); });
  }

 private:
  static inline TestFolder* folder_ = nullptr;
};

TEST_F(NpyOfNumpy, EveryTypeInBothByteOrdersAndBothArrayOrders) {
  for (const std::string type : kTypes) {
    const at::Tensor values = expected(file(type + ".expected"), {5, 3, 2});
    for (const char* variant : {"l", "b", "f"}) {
      const Array array = read_npy(file(type + variant + ".npy"), kLimit);
      EXPECT_EQ(array.shape, (std::vector<std::int64_t>{5, 3, 2}));
      EXPECT_TRUE(at::equal(array.all().to(at::kDouble), values)) << type << variant;
      const std::int64_t rows[] = {4, 0, 4};
      EXPECT_TRUE(
          at::equal(array.gather(rows).to(at::kDouble), values.index_select(0, at::tensor({4, 0, 4}, at::kLong))))
          << type << variant;
    }
  }
}

TEST_F(NpyOfNumpy, StoredAndDeflatedMembersOfAnNpz) {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const Npz npz(file(name), kLimit);
    for (const std::string type : kTypes) {
      const Array array = npz.read(type);
      EXPECT_EQ(array.bytes.mapped, name == std::string("stored.npz"));
      EXPECT_TRUE(at::equal(array.all().to(at::kDouble), expected(file(type + ".expected"), {5, 3, 2})))
          << name << type;
    }
  }
}

TEST_F(NpyOfNumpy, EveryVersionOfTheHeader) {
  for (const char* name : {"version1.npy", "version2.npy", "version3.npy"}) {
    EXPECT_TRUE(at::equal(read_npy(file(name), kLimit).all().to(at::kDouble), expected(file("version.expected"), {6})));
  }
}

TEST_F(NpyOfNumpy, RefusesWhatIsNotNumbers) {
  EXPECT_THAT(refusal("object.npy"), AllOf(HasSubstr("object array"), HasSubstr("never read")));
  EXPECT_THAT(refusal("structured.npy"), HasSubstr("structured array"));
  EXPECT_THAT(refusal("complex.npy"), HasSubstr("the type '<c8'"));
  EXPECT_THAT(refusal("text.npy"), HasSubstr("the type '<U1'"));
  EXPECT_THAT(refusal("scalar.npy"), HasSubstr("single number"));
}

const std::string kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
const std::string kData(24, '\0');

std::string refusal_of(const std::string& bytes) {
  const TestFolder folder;
  return message_of<InputError>([&] { read_npy(folder.write("a.npy", bytes), kLimit); });
}

TEST(Npy, RefusesTooFewAndTooManyBytes) {
  const TestFolder folder;
  EXPECT_NO_THROW(read_npy(folder.write("a.npy", npy(kHeader, kData)), kLimit));
  EXPECT_THAT(refusal_of(npy(kHeader, kData.substr(1))),
              AllOf(HasSubstr("[2, 3] = 24 bytes"), HasSubstr("23 follow"), HasSubstr("cut short")));
  EXPECT_THAT(refusal_of(npy(kHeader, kData + "x")), HasSubstr("trailing"));
  EXPECT_THAT(refusal_of(npy(kHeader, kData).substr(0, 20)), HasSubstr("ends inside"));
  EXPECT_THAT(refusal_of("\x93NUM"), HasSubstr("ends inside"));
  EXPECT_THAT(refusal_of(""), HasSubstr("empty"));
  EXPECT_THAT(refusal_of("not numpy at all"), HasSubstr("no npy file"));
}

TEST(Npy, RefusesOtherVersionsAndHeaderBombs) {
  EXPECT_THAT(refusal_of(npy(kHeader, kData, 4)), HasSubstr("version 4"));
  EXPECT_THAT(refusal_of("\x93NUMPY\x02" + std::string(1, '\0') + little_endian(0xffffffff, 4)),
              HasSubstr("claims a header of 4294967295"));
  const auto shape = [](const std::string& text) {
    return npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + text + "}", "");
  };
  EXPECT_THAT(refusal_of(shape("(9223372036854775807, 9223372036854775807)")), HasSubstr("more than any file holds"));
  EXPECT_THAT(refusal_of(shape("(1099511627776,)")), HasSubstr("0 follow"));
  EXPECT_THAT(refusal_of(shape("(99999999999999999999,)")), HasSubstr("damaged"));
  EXPECT_THAT(refusal_of(shape("(-1,)")), HasSubstr("damaged"));
  std::string many = "(";
  for (int i = 0; i < 200; ++i) many += "1,";
  EXPECT_THAT(refusal_of(shape(many + ")")), HasSubstr("damaged"));
}

TEST(Npy, RefusesDamagedHeaders) {
  for (const std::string header :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "{'descr: 1}", "{'other': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x"}) {
    EXPECT_THAT(refusal_of(npy(header, "abcd")), HasSubstr("damaged")) << header;
  }
}

std::string npz_refusal(const std::string& bytes, std::size_t limit = kLimit) {
  const TestFolder folder;
  const auto file = folder.write("a.npz", bytes);
  return message_of<InputError>([&] { Npz(file, limit).read("x"); });
}

TEST(Npz, NamesTheArraysThatAreThere) {
  EXPECT_THAT(npz_refusal(zip({{"images.npy", "a"}, {"labels.npy", "b"}})),
              HasSubstr("has no array x; it has images, labels"));
  EXPECT_THAT(npz_refusal(zip({})), HasSubstr("it has none"));
}

TEST(Npz, RefusesDamage) {
  const std::string whole = zip({{"x.npy", npy(kHeader, kData), true}});
  EXPECT_THAT(npz_refusal(whole.substr(0, whole.size() - 30)), HasSubstr("directory is missing"));
  EXPECT_THAT(npz_refusal(""), HasSubstr("empty"));
  EXPECT_THAT(npz_refusal("PK"), HasSubstr("too short"));
  EXPECT_THAT(npz_refusal(zip({{"x.npy", "a"}, {"x.npy", "a"}})), HasSubstr("twice"));
  std::string stored = zip({{"x.npy", npy(kHeader, kData)}});
  stored[60] ^= 1;  // within the header's text
  EXPECT_THAT(npz_refusal(stored), HasSubstr("checksum"));
  EXPECT_THAT(npz_refusal(zip({{"x.npy", npy(kHeader, kData.substr(4)), true}})), HasSubstr("ends after 20 of 24"));
  EXPECT_THAT(npz_refusal(zip({{"x.npy", npy(kHeader, kData + "more"), true}})), HasSubstr("more data"));
}

TEST(Npz, RefusesEncryptionAndOtherCompressions) {
  const std::string whole = zip({{"x.npy", "data"}});
  const std::size_t entry = whole.find("PK\1\2");
  std::string encrypted = whole, other = whole, far = whole;
  encrypted[entry + 8] |= 1;
  other[entry + 10] = 14;
  far[entry + 42] = 77;
  EXPECT_THAT(npz_refusal(encrypted), HasSubstr("encrypted"));
  EXPECT_THAT(npz_refusal(other), HasSubstr("compression method 14"));
  EXPECT_THAT(npz_refusal(far), HasSubstr("does not lie where"));
}

TEST(Npz, BombsAreRefusedBeforeMemoryIsTaken) {
  const std::string claims =
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", std::string(4096, '\0'));
  EXPECT_THAT(npz_refusal(zip({{"x.npy", claims, true}})), HasSubstr("compressed bytes can hold"));
  const std::string zeros =
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3000000,)}", std::string(3000000, '\0'));
  EXPECT_THAT(npz_refusal(zip({{"x.npy", zeros, true}}), std::size_t{8} << 20U), HasSubstr("above data.memory = 8"));
}

TEST(Npz, GivesTrainingAndTestParts) {
  const TestFolder folder;
  const auto array = [](int rows, char fill) {
    return npy("{'descr': '|u1', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", 2)}",
               std::string(2 * rows, fill));
  };
  const auto labels = [](const std::string& data) {
    return npy("{'descr': '|u1', 'fortran_order': False, 'shape': (" + std::to_string(data.size()) + ",)}", data);
  };
  recipe::Data data = data_of(recipe::Format::npz, "a.npz");
  data.test = recipe::Given{};
  for (const std::string prefix : {"", "_train"}) {
    folder.write("a.npz", zip({{"x" + prefix + ".npy", array(3, 1)},
                               {"y" + prefix + ".npy", labels({0, 1, 1})},
                               {"x_test.npy", array(2, 5)},
                               {"y_test.npy", labels({1, 2})}}));
    const Dataset dataset = load_dataset(data, 0, folder.path());
    EXPECT_EQ(dataset.train->rows(), 3);
    EXPECT_TRUE(at::equal(dataset.test->slice(0, 2).inputs, at::full({2, 2}, 5.0F)));
    EXPECT_EQ(dataset.info.classes, 3) << "counted over all parts";
  }
  folder.write("a.npz", zip({{"x.npy", array(3, 1)}, {"y.npy", labels({0, 1, 1})}}));
  EXPECT_EQ(load_dataset(data, 0, folder.path()).test, nullptr);
  folder.write("a.npz", zip({{"x.npy", array(3, 1)}, {"y.npy", labels({0, 1, 1})}, {"x_test.npy", array(2, 5)}}));
  EXPECT_THAT(message_of<InputError>([&] { load_dataset(data, 0, folder.path()); }), HasSubstr("has no array y_test"));
}

}  // namespace
}  // namespace thalweg
