#include "thalweg/optim/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kNames = {"conv1.weight", "conv1.bias", "fc.weight", "fc.bias"};

TEST(Glob, StarIsAnyRunAndQuestionMarkOneCharacter) {
  EXPECT_TRUE(glob_matches("*.bias", "conv1.bias"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("conv?.*", "conv1.weight"));
  EXPECT_TRUE(glob_matches("a*b*c", "axbxbxc"));
  EXPECT_TRUE(glob_matches("fc.weight", "fc.weight"));
  EXPECT_FALSE(glob_matches("*.bias", "conv1.biases"));
  EXPECT_FALSE(glob_matches("conv?.*", "conv.weight"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches("a*b", "a"));
  EXPECT_FALSE(glob_matches("fc.weight", "fc_weight"));
}

// Patterns that make a backtracking matcher take exponential time.
TEST(Glob, IsQuickOnHostilePatterns) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(4000, 'a')));
}

TEST(Groups, TheFirstThatMatchesCounts) {
  const auto own =
      assign_groups({.lr = 0.1, .weight_decay = 0.5, .groups = {{"fc.*", 0.2, -1.0}, {"*.bias", 0.05, 0.0}}}, kNames);
  EXPECT_EQ(own[0].lr_factor, 1.0);  // in no group: the optimizer's own
  EXPECT_EQ(own[0].weight_decay, 0.5);
  EXPECT_EQ(own[1].lr_factor, 0.5);
  EXPECT_EQ(own[1].weight_decay, 0.0);
  EXPECT_EQ(own[3].lr_factor, 2.0);  // fc.* before *.bias
  EXPECT_EQ(own[3].weight_decay, 0.5);
}

std::string refusal(const recipe::Optimizer& options, const std::vector<std::string>& names = kNames) {
  try {
    assign_groups(options, names);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(GroupErrors, APatternWithoutParameterKnowsTheNearest) {
  EXPECT_THAT(refusal({.groups = {{"*.bias", -1.0, 0.0}, {"*.bais", -1.0, 0.0}}}),
              AllOf(HasSubstr("groups[1]"), HasSubstr("\"*.bais\""), HasSubstr("did you mean \"*.bias\""),
                    HasSubstr("conv1.weight")));
  EXPECT_THAT(refusal({.groups = {{"fc.wieght", -1.0, 0.0}}}), HasSubstr("did you mean \"fc.weight\""));
  EXPECT_THAT(refusal({.groups = {{"conv2.*", -1.0, 0.0}}}), HasSubstr("did you mean \"conv1.*\""));
  EXPECT_THAT(refusal({.groups = {{"", -1.0, 0.0}}}),
              AllOf(HasSubstr("matches no parameter"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(refusal({.groups = {{"\x1b[2J", -1.0, 0.0}}}), Not(HasSubstr("\x1b")));
}

TEST(GroupErrors, ManyNamesAreNotAllListed) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("layer" + std::to_string(i));
  EXPECT_THAT(refusal({.groups = {{"x", -1.0, 0.0}}}, names),
              AllOf(HasSubstr("and 44 more"), Not(HasSubstr("layer7"))));
}

TEST(GroupErrors, ARateOfAGroupNeedsOneOfTheOptimizer) {
  EXPECT_THAT(refusal({.lr = 0.0, .groups = {{"*.bias", 0.1, -1.0}}}), HasSubstr("optimizer.lr, which is 0"));
  EXPECT_EQ(refusal({.lr = 0.0, .groups = {{"*.bias", -1.0, 0.1}}}), "no error");
}

}  // namespace
}  // namespace thalweg
