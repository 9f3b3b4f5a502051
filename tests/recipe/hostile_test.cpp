// Whatever bytes a recipe is made of, it is read or refused with a UsageError: never a crash, never another exception.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "recipe_text.h"
#include "thalweg/recipe/nesting.h"

namespace thalweg::recipe {
namespace {

using ::testing::HasSubstr;

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

const std::string kSeedText = R"(# a comment
name = "fashion"
seed = 3
[data]
format = "idx"
path = '''images'''
test = 0.1
[model]
layers = [
  { type = "conv", channels = 8, kernel = 3 }, # another
  { type = "residual", layers = [{ type = "linear", units = "classes", init = { kind = "normal" } }] },
]
init.kind = "he_normal"
[optimizer]
betas = [0.9, 0.999]
groups = [{ match = "*.bias", weight_decay = 0.0 }]
[schedule]
milestones = [1, 2_000]
[metric]
kinds = ["f1", """\
  auc"""]
)";

// One edit: a byte changed, removed or put in, or a piece moved, or a word put in that tends to hurt.
std::string edited(std::string text, std::mt19937_64& random) {
  static const std::vector<std::string> kHurting = {"nan",
                                                    "-inf",
                                                    "[",
                                                    "]",
                                                    "{",
                                                    "}",
                                                    "\"",
                                                    "'''",
                                                    "\"\"\"",
                                                    "\n",
                                                    "=",
                                                    ".",
                                                    ",",
                                                    "#",
                                                    "\\u0000",
                                                    "1e999",
                                                    "-1",
                                                    "99999999999999999999",
                                                    "9223372036854775807",
                                                    "[[]]",
                                                    "{}",
                                                    "1979-05-27T07:32:00Z",
                                                    "true",
                                                    std::string(1, '\0'),
                                                    "\xff",
                                                    "\xed\xa0\x80"};
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  const std::size_t at = below(text.size());
  switch (below(5)) {
    case 0:
      if (!text.empty()) text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, 1 + below(8));
      break;
    case 2:
      text.insert(at, 1, static_cast<char>(random()));
      break;
    case 3:
      text.insert(at, text.substr(below(text.size()), below(40)));
      break;
    default:
      text.insert(at, kHurting[below(kHurting.size())]);
      break;
  }
  return text;
}

TEST(HostileRecipes, AreReadOrRefused) {
  std::mt19937_64 random(1);
  int read = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = kSeedText;
    for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) text = edited(std::move(text), random);
    try {
      const Recipe recipe = parsed(text);
      ASSERT_EQ(parsed(to_toml(recipe)), recipe) << text;
      ++read;
    } catch (const UsageError& error) {
      ASSERT_STRNE(error.what(), "");
      ++refused;
    }
  }
  EXPECT_GT(read, 200);  // 1%: else the edits would say nothing of what is let through
  EXPECT_GT(refused, 200);
}

TEST(HostileRecipes, HaveOverridesOfAnyBytesReadOrRefused) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 5000; ++i) {
    std::string assignment = i % 2 == 0 ? "model.layers.0.units=3" : "optimizer.groups=[{ match = \"a\", lr = 1 }]";
    for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) assignment = edited(std::move(assignment), random);
    try {
      const Recipe recipe = parsed_with("", {assignment});
      ASSERT_EQ(parsed(to_toml(recipe)), recipe) << assignment;
    } catch (const UsageError&) {
    }
  }
}

TEST(HostileRecipes, MayNotNestDeeply) {
  EXPECT_EQ(complaint("x = 1\na = " + repeated("[", 100000)), "r.toml:2: is not TOML: nests deeper than 64 levels");
  for (const std::string& deep : {repeated("{ a = ", 100000), repeated("[ [", 100000), repeated("a.", 100000) + "a = 1",
                                  "[" + repeated("a.", 100000) + "a]", repeated("{ a.b = ", 50)}) {
    EXPECT_THAT(complaint("a = " + deep), HasSubstr("nests deeper")) << deep.substr(0, 20);
  }
  EXPECT_THAT(complaint_of("", {"name=" + repeated("[", 100000)}), HasSubstr("nests deeper"));
}

TEST(HostileRecipes, CannotHideNestingBehindStrings) {
  const std::string deep = repeated("[", 100);
  for (const char* before : {"a = \"\"\"x\"\"\"\", ", "a = '''x''''', ", "a = \"\\\\\"\nb = ", "a = 'x\\'\nb = ",
                             "# \"\n", "a = \"\"\"\\\"\"\"\"\nb = ", "\"#\" = ", "a = \"x\nb = "}) {
    EXPECT_GT(too_deep(before + deep), 0) << before;
  }
}

TEST(HostileRecipes, MayHoldBracketsInStringsAndComments) {
  const std::string deep = repeated("[", 100);
  for (const std::string& text :
       {"a = \"" + deep + "\"", "a = '" + deep + "'", "# " + deep, "a = \"\"\"\n" + deep + "\"\"\"",
        "a = '''\n\"" + deep + "'''", repeated("a = [[[1.5, 2.5]]]\n", 100), "a = [" + repeated("1.5, ", 100) + "]"}) {
    EXPECT_EQ(too_deep(text), 0) << text.substr(0, 20);
  }
}

TEST(HostileRecipes, MayNestSixtyFourLevels) {
  // [model] layers = [{ … layers = [{ … }] }]: two levels a residual.
  const auto nested = [](int residuals) {
    return "[" + repeated("{ type = \"residual\", layers = [", residuals) + "{ type = \"flatten\" }" +
           repeated("] }", residuals) + "]";
  };
  EXPECT_EQ(complaint(kData + "[model]\nlayers = " + nested(31)), "");
  EXPECT_THAT(complaint(kData + "[model]\nlayers = " + nested(32)), HasSubstr("nests deeper"));
}

TEST(HostileRecipes, MayNotBeLarge) {
  const std::string comment = "#" + std::string(4U << 20U, ' ');
  EXPECT_EQ(complaint(comment), "r.toml: is larger than 4 MiB, the most a recipe may have");
}

TEST(HostileRecipes, AreToldWithoutControlCharacters) {
  EXPECT_THAT(complaint_of("\"a\\u001b[2J\" = 1\n"), HasSubstr("model.a\\x1b[2J = 1"));
}

TEST(HostileRecipes, MayHaveVeryManyWrongKeys) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "k" + std::to_string(i) + " = 1\n";
  EXPECT_THAT(complaint(text), HasSubstr("and 99902 more"));
}

}  // namespace
}  // namespace thalweg::recipe
