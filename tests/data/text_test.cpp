#include "thalweg/data/text.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files.h"
#include "thalweg/data/utf8.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Utf8, RoundTripsTheEndsOfEveryLength) {
  for (const char32_t c : {0x0, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff}) {
    std::string text;
    append_utf8(c, text);
    std::size_t at = 0;
    EXPECT_EQ(next_character(text, at), c);
    EXPECT_EQ(at, text.size());
  }
}

TEST(Utf8, RefusesWhatTheStandardRefuses) {
  const std::string_view wrong[] = {"\x80",
                                    "\xbf",
                                    "\xc0\xaf",
                                    "\xc1\xbf",
                                    "\xc3",
                                    "\xc3\x28",
                                    "\xe0\x9f\xbf",
                                    "\xe2\x82",
                                    "\xed\xa0\x80",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xff",
                                    "\xfe"};
  for (const std::string_view text : wrong) {
    std::size_t at = 0;
    EXPECT_EQ(next_character(text, at), kNoCharacter) << testing::PrintToString(text);
    EXPECT_EQ(at, 0U);
  }
}

class TextData : public testing::Test {
 protected:
  recipe::Data data(const std::string& text, std::int64_t context, std::int64_t stride = 1) {
    folder_.write("t.txt", text);
    recipe::Data result;
    result.format = recipe::Format::text;
    result.path = "t.txt";
    result.context = context;
    result.stride = stride;
    result.test = 0.0;
    result.validation = 0.0;
    return result;
  }
  Dataset load(const recipe::Data& data) { return load_dataset(data, 0, folder_.path()); }
  // A window's characters, as text.
  static std::string decoded(const Dataset& dataset, const at::Tensor& row) {
    std::vector<std::string> alphabet;
    for (std::size_t at = 0; at < dataset.info.characters.size();) {
      const std::size_t begin = at;
      next_character(dataset.info.characters, at);
      alphabet.push_back(dataset.info.characters.substr(begin, at - begin));
    }
    std::string result;
    for (std::int64_t i = 0; i < row.numel(); ++i)
      result += alphabet.at(static_cast<std::size_t>(row[i].item<std::int64_t>()));
    return result;
  }
  static std::vector<std::string> inputs(const Dataset& dataset, const Part& part) {
    std::vector<std::string> result;
    const Batch batch = part.slice(0, part.rows());
    for (std::int64_t i = 0; i < part.rows(); ++i) result.push_back(decoded(dataset, batch.inputs[i]));
    return result;
  }
  TestFolder folder_;
};

TEST_F(TextData, TargetsAreTheWindowShiftedByOne) {
  const Dataset dataset = load(data("héllo wörld", 4));
  EXPECT_EQ(dataset.info.characters, " dhlorwéö");
  EXPECT_EQ(dataset.info.vocabulary, 9);
  EXPECT_EQ(dataset.info.classes, 9);
  EXPECT_TRUE(dataset.info.tokens);
  EXPECT_EQ(dataset.info.targets, recipe::TargetKind::sequence);
  EXPECT_EQ(dataset.train->rows(), 11 - 4);
  const Batch batch = dataset.train->gather(at::tensor({1, 6}, at::kLong));
  EXPECT_EQ(decoded(dataset, batch.inputs[0]), "éllo");
  EXPECT_EQ(decoded(dataset, batch.targets[0]), "llo ");
  EXPECT_EQ(decoded(dataset, batch.inputs[1]), "wörl");
  EXPECT_EQ(decoded(dataset, batch.targets[1]), "örld");
}

TEST_F(TextData, WindowsBeginEveryStride) {
  const Dataset dataset = load(data("abcdefghij", 3, 2));
  EXPECT_THAT(inputs(dataset, *dataset.train), ElementsAre("abc", "cde", "efg", "ghi"));
}

TEST_F(TextData, HeldOutPartsAreTheLastOnesAndTheirWindowsDoNotOverlap) {
  recipe::Data d = data("abcdefghijklmnopqrst", 2);
  d.test = 0.25;       // the last 5 of 20: p … t
  d.validation = 0.4;  // the last 6 of 15: j … o
  const Dataset dataset = load(d);
  EXPECT_THAT(inputs(dataset, *dataset.test), ElementsAre("pq", "rs"));
  EXPECT_THAT(inputs(dataset, *dataset.validation), ElementsAre("jk", "lm"));
  EXPECT_THAT(inputs(dataset, *dataset.train), ElementsAre("ab", "bc", "cd", "de", "ef", "fg", "gh"));
  EXPECT_EQ(dataset.info.vocabulary, 20) << "characters are counted over the whole file";
}

TEST_F(TextData, LimitTakesTheFirstWindowsBeforeTheValidationPart) {
  recipe::Data d = data("abcdefghijklmnopqrst", 2);
  d.limit = 8;  // windows that end with j and its target k: 10 characters a … j
  d.validation = 0.3;
  const Dataset dataset = load(d);
  EXPECT_THAT(inputs(dataset, *dataset.train), ElementsAre("ab", "bc", "cd", "de", "ef"));
  EXPECT_THAT(inputs(dataset, *dataset.validation), ElementsAre("hi"));
}

TEST_F(TextData, OtherFilesShareTheAlphabet) {
  recipe::Data d = data("abab", 1);
  folder_.write("v.txt", "zab");
  d.validation = std::string("v.txt");
  const Dataset dataset = load(d);
  EXPECT_EQ(dataset.info.characters, "abz");
  EXPECT_THAT(inputs(dataset, *dataset.validation), ElementsAre("z", "a"));
  EXPECT_THAT(dataset.statistics.class_share, ElementsAre(0.5, 0.5, 0.0));
}

TEST_F(TextData, MoreThan256CharactersAreNumberedAllTheSame) {
  std::string text;
  for (char32_t c = 0x4e00; c < 0x4e00 + 300; ++c) append_utf8(c, text);
  const Dataset dataset = load(data(text, 299));
  EXPECT_EQ(dataset.info.vocabulary, 300);
  const Batch batch = dataset.train->slice(0, 1);
  EXPECT_TRUE(at::equal(batch.inputs[0], at::arange(299, at::kLong)));
  EXPECT_TRUE(at::equal(batch.targets[0], at::arange(1, 300, at::kLong)));
}

TEST_F(TextData, AByteOrderMarkIsNoCharacterAndGzipIsUnpacked) {
  EXPECT_EQ(load(data("\xef\xbb\xbf"
                      "abc",
                      1))
                .info.vocabulary,
            3);
  EXPECT_EQ(load(data(gzip("abcabc"), 2)).train->rows(), 4);
}

TEST_F(TextData, WhatIsTooShortIsAnErrorInTrainingAndANoteElsewhere) {
  EXPECT_THAT(message_of<InputError>([&] { load(data("abc", 3)); }),
              AllOf(HasSubstr("3 characters"), HasSubstr("data.context + 1 = 4")));
  recipe::Data d = data("abcdefghij", 3);
  d.validation = 0.2;
  const Dataset dataset = load(d);
  EXPECT_EQ(dataset.validation, nullptr);
  EXPECT_THAT(dataset.notes,
              ElementsAre(AllOf(HasSubstr("data.validation comes to 2 characters"), HasSubstr("nothing is held out"))));
}

TEST_F(TextData, RefusesWhatIsNotUtf8WithItsPlace) {
  EXPECT_THAT(message_of<InputError>([&] {
                load(
                    data("ab\ncd\xff"
                         "e",
                         1));
              }),
              AllOf(HasSubstr("t.txt:2:"), HasSubstr("byte 0xff at offset 5"), HasSubstr("iconv")));
  EXPECT_THAT(message_of<InputError>([&] { load(data("", 1)); }), HasSubstr("is empty"));
  EXPECT_THAT(message_of<InputError>([&] { load(data("\xef\xbb\xbf", 1)); }), HasSubstr("is empty"));
}

TEST_F(TextData, CharactersAreNotScaledAndTargetsAreSequences) {
  recipe::Data d = data("abcdef", 2);
  const auto refuses = [&](auto change, const char* key) {
    recipe::Data changed = d;
    change(changed);
    EXPECT_THAT(message_of<UsageError>([&] { load(changed); }), HasSubstr(key));
  };
  refuses([](auto& c) { c.input_scaling = {recipe::Scaling::divide, 255.0}; }, "data.input_scaling");
  refuses([](auto& c) { c.target_scaling = {recipe::Scaling::standardize, 1.0}; }, "data.target_scaling");
  refuses([](auto& c) { c.test_input_scaling = {recipe::Scaling::unit, 1.0}; }, "data.test_input_scaling");
  refuses([](auto& c) { c.test_target_scaling = {recipe::Scaling::minmax, 1.0}; }, "data.test_target_scaling");
  refuses([](auto& c) { c.targets = recipe::TargetKind::classes; }, "data.targets");
  refuses([](auto& c) { c.validation = 1.0; }, "data.validation");
  refuses([](auto& c) { c.context = 0; }, "data.context");
}

TEST_F(TextData, RowsBeyondThePartAreRefused) {
  const Dataset dataset = load(data("abcdef", 2));
  EXPECT_THROW(dataset.train->gather(at::tensor({4}, at::kLong)), std::out_of_range);
  EXPECT_THROW(dataset.train->gather(at::tensor({-1}, at::kLong)), std::out_of_range);
}

}  // namespace
}  // namespace thalweg
