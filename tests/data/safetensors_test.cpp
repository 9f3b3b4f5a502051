#include "thalweg/data/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "files.h"
#include "thalweg/data/safetensors_header.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::AllOf;
using testing::HasSubstr;

at::Tensor doubles(const std::filesystem::path& file) {
  const std::string bytes = read_bytes(file);
  at::Tensor values = at::empty({static_cast<std::int64_t>(bytes.size() / 8)}, at::kDouble);
  std::memcpy(values.data_ptr(), bytes.data(), bytes.size());
  return values;
}

TEST(Safetensors, ReadsWhatThePythonPackageWrites) {
  const TestFolder folder;
  run_python("make_arrays.py", {folder.path().string()});
  const SafetensorsFile file = read_safetensors(folder.path() / "all.safetensors");
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"made by", "torch"}, {"ü", "ä\n\"x\""}}));
  ASSERT_EQ(file.tensors.size(), 20U) << "18 types, an empty tensor and a single number";
  for (const auto& [name, tensor] : file.tensors) {
    if (name == "C64" || name == "empty" || name == "single") continue;
    EXPECT_EQ(safetensors_type(tensor.scalar_type()), name);
    EXPECT_EQ(tensor.sizes(), (at::IntArrayRef{2, 3})) << name;
    EXPECT_TRUE(at::equal(tensor.to(at::kDouble).flatten(), doubles(folder.path() / ("safe_" + name + ".expected"))))
        << name;
  }
  EXPECT_EQ(file.find("C64")->scalar_type(), at::kComplexFloat);
  EXPECT_EQ(file.find("empty")->sizes(), (at::IntArrayRef{0, 4}));
  EXPECT_EQ(file.find("single")->item<float>(), 2.5F);
  EXPECT_EQ(file.find("absent"), nullptr);
}

const NamedTensors& mixed() {
  static const NamedTensors tensors = {
      {"flags", at::tensor({1, 0, 1}, at::kInt).to(at::kBool)},
      {"weight", at::arange(6, at::kFloat).reshape({2, 3}).t()},
      {"steps", at::tensor({7}, at::kLong)},
      {"half", at::tensor({1.5, -2.0, 0.25}, at::kDouble).to(at::kBFloat16)},
      {"nothing", at::empty({0}, at::kFloat)},
      {"bias", at::tensor({-1.0F, 3.0F})},
  };
  return tensors;
}

TEST(Safetensors, ThePythonPackageReadsWhatIsWritten) {
  const TestFolder folder;
  write_safetensors(folder.path() / "mixed.safetensors", mixed(), {{"kept", "as it is"}});
  for (const auto& [name, tensor] : mixed()) {
    const at::Tensor values = tensor.to(at::kDouble).contiguous();
    folder.write(name + ".doubles", {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  run_python("read_tensors.py", {(folder.path() / "mixed.safetensors").string()});
}

TEST(Safetensors, ComeBackAsTheyWereWiderTypesFirst) {
  const TestFolder folder;
  write_safetensors(folder.path() / "a", mixed());
  const SafetensorsFile file = read_safetensors(folder.path() / "a");
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file.tensors) names.push_back(name);
  EXPECT_THAT(names, testing::ElementsAre("steps", "weight", "nothing", "bias", "half", "flags"));
  for (const auto& [name, tensor] : mixed()) EXPECT_TRUE(at::equal(*file.find(name), tensor)) << name;
}

TEST(Safetensors, TheSameTensorsGiveTheSameBytesAndNothingIsLeftBeside) {
  const TestFolder folder;
  write_safetensors(folder.path() / "a", mixed(), {{"x", "1"}, {"b", "2"}});
  const std::string first = read_bytes(folder.path() / "a");
  write_safetensors(folder.path() / "a", mixed(), {{"b", "2"}, {"x", "1"}});
  EXPECT_EQ(read_bytes(folder.path() / "a"), first);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Safetensors, AFailedWriteLeavesTheOldFile) {
  const TestFolder folder;
  write_safetensors(folder.path() / "a", mixed());
  const std::string before = read_bytes(folder.path() / "a");
  EXPECT_THROW(write_safetensors(folder.path() / "a", {{"a", at::ones(1)}, {"a", at::ones(1)}}), InputError);
  EXPECT_THROW(write_safetensors(folder.path() / "a", {{"a", at::ones(1, at::kComplexDouble)}}), InputError);
  EXPECT_THROW(write_safetensors(folder.path() / "a", {{"a", at::Tensor()}}), InputError);
  EXPECT_THROW(write_safetensors(folder.path() / "a", {{"__metadata__", at::ones(1)}}), InputError);
  EXPECT_THROW(write_safetensors(folder.path() / "a", {{"\xff", at::ones(1)}}), InputError);
  EXPECT_EQ(read_bytes(folder.path() / "a"), before);
  EXPECT_THAT(message_of<IoError>([&] { write_safetensors(folder.path() / "no/such/a", mixed()); }),
              HasSubstr("cannot create"));
  std::filesystem::create_directory(folder.path() / "d");
  EXPECT_THAT(message_of<IoError>([&] { write_safetensors(folder.path() / "d", mixed()); }),
              HasSubstr("cannot rename"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2) << "nothing is left beside";
}

TEST(Safetensors, AFullDiskIsAnError) {
  ASSERT_TRUE(std::filesystem::exists("/dev/full"));
  const TestFolder folder;
  std::filesystem::create_symlink("/dev/full", folder.path() / ("a." + std::to_string(::getpid()) + ".new"));
  EXPECT_THAT(message_of<IoError>([&] { write_safetensors(folder.path() / "a", mixed()); }),
              HasSubstr("No space left"));
}

std::string refusal(const std::string& bytes) {
  const TestFolder folder;
  const auto file = folder.write("a.safetensors", bytes);
  return message_of<InputError>([&] { read_safetensors(file); });
}
std::string refusal(const std::string& header, const std::string& data) { return refusal(safetensors(header, data)); }

const std::string kOne = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

TEST(Safetensors, RefusesWrongLengths) {
  const TestFolder folder;
  EXPECT_NO_THROW(read_safetensors(folder.write("a", safetensors(kOne, "12345678"))));
  EXPECT_THAT(refusal(""), HasSubstr("too short"));
  EXPECT_THAT(refusal("1234567"), HasSubstr("too short"));
  EXPECT_THAT(refusal(little_endian(~0ULL, 8) + "{}"), HasSubstr("claims a header of 18446744073709551615"));
  EXPECT_THAT(refusal(little_endian(3, 8) + "{}"), HasSubstr("claims a header of 3 bytes; at most 2"));
  EXPECT_THAT(refusal(kOne, "1234567"), HasSubstr("cut short"));
  EXPECT_THAT(refusal(kOne, "123456789"), HasSubstr("trailing"));
}

TEST(Safetensors, RefusesHeadersThatAreNotTheGrammar) {
  EXPECT_THAT(refusal("", ""), HasSubstr("does not begin"));
  EXPECT_THAT(refusal(" {}", ""), HasSubstr("does not begin"));
  EXPECT_THAT(refusal("{", ""), HasSubstr("no JSON"));
  EXPECT_THAT(refusal("{} x", ""), HasSubstr("no JSON"));
  EXPECT_THAT(refusal("{\"\xff\":1}", ""), HasSubstr("no JSON"));
  EXPECT_THAT(refusal(R"({"a":1})", ""), HasSubstr("has a number where none may be, at 'a'"));
  EXPECT_THAT(refusal(R"({"a":null})", ""), HasSubstr("null"));
  EXPECT_THAT(refusal(R"({"a":[]})", ""), HasSubstr("a list"));
  EXPECT_THAT(refusal(R"({"a":{"x":{}}})", ""), HasSubstr("an object"));
  EXPECT_THAT(refusal(R"({"a":{"shape":[[1]]}})", ""), HasSubstr("a list"));
  EXPECT_THAT(refusal(R"({"a":{"shape":[-1]}})", ""), HasSubstr("a negative number"));
  EXPECT_THAT(refusal(R"({"a":{"shape":[1.5]}})", ""), HasSubstr("a fraction"));
  EXPECT_THAT(refusal(R"({"a":{"shape":[1],"shape":[1]}})", ""), HasSubstr("a list"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32"}})", ""), HasSubstr("needs a dtype, a shape and two data_offsets"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":1}})", ""), HasSubstr("a number"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":"1","a":"2"}})", ""), HasSubstr("the same key twice"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F4","shape":[],"data_offsets":[0,0]}})", ""), HasSubstr("unknown dtype 'F4'"));
}

TEST(Safetensors, DeepNestingEndsTheReadingAtOnce) {
  const std::string deep(1'000'000, '[');
  EXPECT_THAT(refusal(R"({"a":{"shape":)" + deep + "}}", ""), HasSubstr("a list"));
  EXPECT_THAT(refusal(R"({"a":)" + deep + "}", ""), HasSubstr("a list"));
}

TEST(Safetensors, RefusesOffsetsThatDoNotTileTheData) {
  const auto two = [](const char* first, const char* second) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  EXPECT_THAT(refusal(two("[0,4]", "[2,6]"), "123456"),
              AllOf(HasSubstr("tensor 'b'"), HasSubstr("before the one before it ends")));
  EXPECT_THAT(refusal(two("[0,4]", "[6,10]"), "1234567890"), HasSubstr("after the one before it ends"));
  EXPECT_THAT(refusal(two("[0,4]", "[4,9]"), "123456789"), AllOf(HasSubstr("needs 4 bytes"), HasSubstr("4 and 9")));
  EXPECT_THAT(refusal(two("[0,4]", "[8,4]"), "12345678"), HasSubstr("8 and 4"));
  EXPECT_THAT(refusal(two("[0,4]", "[18446744073709551612,18446744073709551616]"), "1234"), HasSubstr("a fraction"));
  EXPECT_THAT(
      refusal(R"({"a":{"dtype":"F64","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,0]}})", ""),
      HasSubstr("more than any file holds"));
  EXPECT_THAT(
      refusal(
          R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
          ""),
      HasSubstr("the same name twice"));
}

TEST(Safetensors, ATruthValueIsZeroOrOneWhateverTheByte) {
  const TestFolder folder;
  const auto file = folder.write(
      "a", safetensors(R"({"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", std::string_view("\0\2\xff", 3)));
  const SafetensorsFile read = read_safetensors(file);
  EXPECT_TRUE(at::equal(read.find("a")->to(at::kInt), at::tensor({0, 1, 1}, at::kInt)));
  EXPECT_EQ(std::memcmp(read.find("a")->const_data_ptr(), "\0\1\1", 3), 0);
}

TEST(Safetensors, AMissingFileIsAnIoError) {
  EXPECT_THAT(message_of<IoError>([] { read_safetensors("no/such/file"); }), HasSubstr("No such file"));
}

}  // namespace
}  // namespace thalweg
