#include "thalweg/report/text.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "thalweg/report/utf8.h"

namespace thalweg::report {
namespace {

using ::testing::ElementsAre;

TEST(SafeText, PlainTextOfAnyLanguageStays) {
  EXPECT_EQ(safe_text("fc1.weight"), "fc1.weight");
  EXPECT_EQ(safe_text("Talweg: Straße, 谷, ρ ≈ ½"), "Talweg: Straße, 谷, ρ ≈ ½");
}

TEST(SafeText, ControlsOfTheTerminalAreShownNotObeyed) {
  EXPECT_EQ(safe_text("\x1b[2J\x1b]0;title\x07"), "\\u{1b}[2J\\u{1b}]0;title\\u{7}");
  EXPECT_EQ(safe_text("a\r\nb\tc"), "a\\u{d}\\u{a}b\\u{9}c");
  EXPECT_EQ(safe_text("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m")
      << "the one-byte CSI of C1";
  EXPECT_EQ(safe_text(std::string("a\0b", 3)), "a\\u{0}b");
}

TEST(SafeText, MarksThatReorderOrHideTextAreShown) {
  EXPECT_EQ(safe_text("a\u202egpj.exe"), "a\\u{202e}gpj.exe");
  EXPECT_EQ(safe_text("zero\u200bwidth\ufeff"), "zero\\u{200b}width\\u{feff}");
}

TEST(SafeText, BytesThatAreNotUtf8AreShownAsBytes) {
  EXPECT_EQ(safe_text("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(safe_text("\xc0\xaf"), "\\xc0\\xaf") << "overlong slash";
  EXPECT_EQ(safe_text("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(safe_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "past U+10FFFF";
  EXPECT_EQ(safe_text("caf\xc3"), "caf\\xc3") << "cut short";
}

RC_GTEST_PROP(SafeText, WhateverTheBytesTheResultIsHarmlessUtf8AndStaysAsItIs, (const std::string& bytes)) {
  const std::string safe = safe_text(bytes);
  for (std::string_view rest = safe; !rest.empty();) {
    const CodePoint point = first_code_point(rest);
    RC_ASSERT(point.valid);
    RC_ASSERT(!is_control(point.value));
    rest.remove_prefix(point.bytes);
  }
  RC_ASSERT(safe_text(safe) == safe);
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("ρ½→"), 3);
  EXPECT_EQ(display_width("谷底"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1) << "a combining accent takes no column";
  EXPECT_EQ(display_width("🏔"), 2);
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3) << "nor do colours";
}

TEST(Cut, ShowsThatSomethingIsMissing) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 4), "abc…");
  EXPECT_EQ(cut("谷底谷", 4), "谷…") << "no half of a wide character";
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(cut("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m") << "a colour that was begun is ended";
}

RC_GTEST_PROP(Cut, NeverExceedsTheWidth, (const std::string& bytes)) {
  const int width = *rc::gen::inRange(0, 20);
  RC_ASSERT(display_width(cut(safe_text(bytes), width)) <= width);
}

TEST(Padded, FillsUpToTheColumn) {
  EXPECT_EQ(padded("ρ", 3), "ρ  ");
  EXPECT_EQ(padded("谷", 3, Align::right), " 谷");
  EXPECT_EQ(padded("long", 2), "long");
}

TEST(Wrapped, BreaksAtSpaces) {
  EXPECT_THAT(wrapped("the valley floor descends", 10), ElementsAre("the valley", "floor", "descends"));
  EXPECT_THAT(wrapped("", 10), ElementsAre());
}

TEST(Wrapped, AWordLongerThanTheLineIsBrokenAnywhere) {
  EXPECT_THAT(wrapped("a abcdefghij", 4), ElementsAre("a", "abcd", "efgh", "ij"));
}

RC_GTEST_PROP(Wrapped, LosesNothingAndKeepsTheWidth, (const std::string& bytes)) {
  const std::string text = safe_text(bytes);
  const int width = *rc::gen::inRange(2, 30);
  std::string letters, expected;
  for (const std::string& line : wrapped(text, width)) {
    RC_ASSERT(display_width(line) <= width);
    for (const char c : line) letters += c == ' ' ? "" : std::string(1, c);
  }
  for (const char c : text) expected += c == ' ' ? "" : std::string(1, c);
  RC_ASSERT(letters == expected);
}

TEST(Paragraph, IsIndented) { EXPECT_EQ(paragraph("one two three", 9, 2), "  one two\n  three\n"); }

}  // namespace
}  // namespace thalweg::report
