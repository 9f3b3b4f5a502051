#include "thalweg/report/preflight_panel.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

namespace thalweg::report {
namespace {

using testing::HasSubstr;
using testing::Not;

StartPanel deep(int layers) {
  StartPanel panel;
  for (int l = 0; l < layers; ++l) {
    panel.layers.push_back({.name = fmt::format("linear{}", l + 1),
                            .spread = std::pow(0.5, l),
                            .gain = l == 0 ? StartLayer::kNone : 0.5,
                            .pull = std::pow(0.5, layers - l),
                            .spectral_scale = 1.1});
  }
  return panel;
}

TEST(StartPanel, ShowsEachLayerAndDrawsBothWays) {
  const std::string text = start_panel(deep(10), {.width = 100});
  EXPECT_THAT(text, HasSubstr("linear10"));
  EXPECT_THAT(text, HasSubstr("a forwards (spread), b backwards (pull)"));
  EXPECT_THAT(text, HasSubstr("⠉"));
}

TEST(StartPanel, LeavesTheMiddleOfAVeryDeepNetworkOut) {
  const std::string text = start_panel(deep(100), {.width = 100});
  EXPECT_THAT(text, HasSubstr("… 60 more"));
  EXPECT_THAT(text, HasSubstr("linear100"));
  EXPECT_THAT(text, Not(HasSubstr("linear50 ")));
}

TEST(StartPanel, WhatWasNotMeasuredIsADashAndTwoLayersAreNotDrawn) {
  const std::string text = start_panel({.layers = {{.name = "linear1"}, {.name = "linear2"}}}, {.width = 100});
  EXPECT_THAT(text, HasSubstr("-"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("against depth")));
}

TEST(StartPanel, ShowsWhatOtherStartsWouldMake) {
  StartPanel panel = deep(3);
  panel.tried = {{.init = "the recipe's", .loss = 2.3, .forward = 1e-4, .backward = 1e-9},
                 {.init = "lsuv", .loss = 2.9, .forward = 0.9, .backward = 0.5, .recommended = true}};
  const std::string text = start_panel(panel, {.width = 100});
  EXPECT_THAT(text, HasSubstr("the recipe's"));
  EXPECT_THAT(text, HasSubstr("<- recommended"));
}

}  // namespace
}  // namespace thalweg::report
