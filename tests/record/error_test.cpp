// Errors know their exit code and the nearest valid name; what they quote cannot harm a terminal.
#include "thalweg/record/error.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/record/scope_table.h"

namespace thalweg {
namespace {

TEST(Error, KnowsItsExitCodeAndText) {
  EXPECT_EQ(UsageError("x").exit_code(), 2);
  EXPECT_EQ(InputError("x").exit_code(), 3);
  EXPECT_EQ(IoError("x").exit_code(), 4);
  EXPECT_STREQ(InputError("file.csv:3: not a number").what(), "file.csv:3: not a number");
  EXPECT_THROW(throw IoError("x"), Error);
}

// --- the nearest valid name

const std::vector<std::string_view> kKeys = {"optimizer", "momentum", "lr", "layers", "limit"};

TEST(Nearest, FindsATypingSlip) {
  EXPECT_EQ(nearest("optimzer", kKeys), "optimizer");    // a letter missing
  EXPECT_EQ(nearest("optimizzer", kKeys), "optimizer");  // one too many
  EXPECT_EQ(nearest("optimiser", kKeys), "optimizer");   // another one
  EXPECT_EQ(nearest("optimiezr", kKeys), "optimizer");   // two exchanged
  EXPECT_EQ(nearest("rl", kKeys), "lr") << "exchanging neighbours is one slip, not two";
  EXPECT_EQ(nearest("momentum", kKeys), "momentum");
}

TEST(Nearest, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("banana", kKeys), "");
  EXPECT_EQ(nearest("", kKeys), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest("abcdef", {"abcxyz"}), "") << "three slips in six letters are another word";
  EXPECT_EQ(nearest("abcdef", {"abcdxy"}), "abcdxy") << "two are within a third";
}

TEST(Nearest, TakesTheFirstOfEquallyNearOnes) { EXPECT_EQ(nearest("limot", {"limit", "limbo", "limet"}), "limit"); }

TEST(Nearest, IsNotSlowOnLongInput) {
  EXPECT_EQ(nearest(std::string(1 << 20, 'a'), kKeys), "");
  const std::string long_candidate(1 << 20, 'a');
  EXPECT_EQ(nearest("aaa", {long_candidate}), "");
}

RC_GTEST_PROP(Nearest, SurvivesAnySingleSlip, (std::string word)) {
  RC_PRE(word.size() >= 3U && word.size() <= 60U);
  const auto place = *rc::gen::inRange<std::size_t>(0, word.size());
  std::string slip = word;
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      slip.erase(place, 1);
      break;
    case 1:
      slip.insert(place, 1, '~');
      break;
    default:
      slip[place] = '~';
  }
  RC_ASSERT(nearest(slip, {word}) == word);
}

// --- quoting

TEST(Printable, LeavesPlainTextAlone) {
  EXPECT_EQ(printable("fc1.weight"), "fc1.weight");
  EXPECT_EQ(printable("Größe ρ 𝜌 漢"), "Größe ρ 𝜌 漢");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, WritesControlCharactersInHexadecimal) {
  EXPECT_EQ(printable("a\nb\tc"), "a\\x0ab\\x09c");
  EXPECT_EQ(printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b"
            "31m")
      << "the one-character form of escape and bracket";
}

TEST(Printable, WritesBytesThatAreNotUtf8InHexadecimal) {
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("a\xc3"), "a\\xc3") << "cut short";
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "an overlong slash";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half a surrogate pair";
  EXPECT_EQ(printable("\x90\x80"), "\\x90\\x80") << "the middle of one";
  EXPECT_EQ(printable("\xfc\x80\x80\x80"), "\\xfc\\x80\\x80\\x80");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "past the last character";
}

TEST(Printable, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("aéé", 4), "aé…") << "not within one";
  EXPECT_EQ(printable(std::string(1000, 'x')), std::string(80, 'x') + "…");
}

RC_GTEST_PROP(Printable, HasNoControlCharactersWhateverComes, (const std::string& text)) {
  for (const char c : printable(text)) {
    const auto byte = static_cast<unsigned char>(c);
    RC_ASSERT(byte >= 0x20 && byte != 0x7f);
  }
}

// --- scopes

TEST(ScopeTable, NumbersNamesInOrderOfAppearance) {
  ScopeTable table;
  EXPECT_EQ(table.number(""), kWholeModel);
  EXPECT_EQ(table.number("fc1.weight"), 1);
  EXPECT_EQ(table.number("fc1.bias"), 2);
  EXPECT_EQ(table.number("fc1.weight"), 1) << "once and for all";
  EXPECT_EQ(table.name(2), "fc1.bias");
  EXPECT_EQ(table.names(), (std::vector<std::string>{"", "fc1.weight", "fc1.bias"}));
}

TEST(ScopeTable, HasAWordForAScopeThatWasGivenNoName) { EXPECT_EQ(ScopeTable().name(7), "?"); }

TEST(ScopeTable, IsItsOwnAfterACopy) {
  ScopeTable table;
  table.number("a");
  ScopeTable copy = table;
  copy.number("b");
  EXPECT_EQ(copy.number("a"), 1);
  EXPECT_EQ(table.names().size(), 2U);
}

TEST(ScopeTable, HoldsAsManyAsAScopeCanNumber) {
  ScopeTable table;
  for (int i = 1; i <= 65535; ++i) ASSERT_EQ(table.number("p" + std::to_string(i)), i);
  EXPECT_EQ(table.number("p65535"), 65535);
  EXPECT_THROW(table.number("one more"), std::length_error);
}

}  // namespace
}  // namespace thalweg
