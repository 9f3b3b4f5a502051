#include "thalweg/report/live_line.h"

#include <gmock/gmock.h>

#include <limits>

#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

LiveState state() {
  return {.step = 1234,
          .planned = 4220,
          .epoch = 2.92,
          .loss = 0.412,
          .metric_name = "accuracy",
          .metric = 0.871,
          .learning_rate = 0.001,
          .rho = 0.36,
          .seconds_left = 72};
}

TEST(LiveLine, SaysAllThatIsKnown) {
  EXPECT_EQ(live_line(state(), 120),
            "step 1,234/4,220  29%  epoch 2.9  loss 0.412  accuracy 87.1%  lr 0.001  ρ 0.36  1 min 12 s left");
}

TEST(LiveLine, LeavesOutWhatMattersLess) {
  EXPECT_EQ(live_line(state(), 80), "step 1,234/4,220  29%  loss 0.412  accuracy 87.1%  ρ 0.36  1 min 12 s left");
  EXPECT_EQ(live_line(state(), 50), "step 1,234/4,220  loss 0.412  accuracy 87.1%");
  EXPECT_EQ(live_line(state(), 20), "step 1,234/4,220");
  EXPECT_EQ(live_line(state(), 8), "step 1,…");
}

TEST(LiveLine, WhatIsNotKnownYetIsNotShown) {
  EXPECT_EQ(live_line({.step = 0}, 80), "step 0");
  EXPECT_EQ(live_line({.step = 3, .planned = 9}, 80), "step 3/9  33%");
}

TEST(LiveLine, ALossThatIsNotFiniteIsShown) {
  EXPECT_EQ(live_line({.step = 7, .loss = LiveState::kUnknown, .loss_known = true}, 80), "step 7  loss nan");
  EXPECT_EQ(live_line({.step = 7, .rho = std::numeric_limits<double>::infinity()}, 80), "step 7  ρ inf");
}

TEST(LiveLine, NeverExceedsTheWidth) {
  LiveState hostile = state();
  hostile.metric_name = "谷\x1b[2J";
  for (int width = 1; width < 130; ++width) EXPECT_LE(display_width(live_line(hostile, width)), width);
  EXPECT_EQ(live_line(hostile, 130).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace thalweg::report
