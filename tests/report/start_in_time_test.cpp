#include "thalweg/report/start_in_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace thalweg::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

RecurrentLayer layer_of(std::string kind, bool seen) {
  return {.layer = "memory",
          .kind = std::move(kind),
          .units = 32,
          .time = 100,
          .rows = 8,
          .radius = 0.64,
          .exponents = {{.value = -0.46, .error = 0.02}},
          .gradient = std::vector<double>(100, 3.0),
          .horizon = {7.3, 7.1, 7.5},
          .horizon_seen = seen};
}

// Without line breaks: the width breaks them anywhere.
std::string words(const RecurrentLayer& layer) {
  std::string text = start_in_time(std::vector{layer}, {.width = 1000, .colour = false});
  return text;
}

TEST(StartInTime, SaysTheHorizonAgainstTheLengthAndGivesNoVerdict) {
  EXPECT_THAT(words(layer_of("lstm", true)),
              AllOf(HasSubstr("memory, lstm of 32 units"), HasSubstr("falls to a hundredth 7.3 steps back, of 100"),
                    HasSubstr("spectral radius of the mean step 0.64"), HasSubstr("-0.46 ± 0.02 a step"),
                    HasSubstr("no verdict")));
  EXPECT_THAT(words(layer_of("rnn", true)), HasSubstr("spectral radius of W_hh 0.64"));
}

TEST(StartInTime, SaysWhatReachesTheBeginningWhereNoHorizonWasSeen) {
  EXPECT_THAT(words(layer_of("rnn", false)),
              AllOf(HasSubstr("reaches the first, 99 steps back, at 3 times its length"), Not(HasSubstr("hundredth"))));
}

TEST(StartInTime, NamesWhatLengthensTheHorizonOfGatesThatForget) {
  EXPECT_THAT(words(layer_of("gru", true)), HasSubstr("memory = 100 in this layer"));
  EXPECT_THAT(words(layer_of("gru", false)), Not(HasSubstr("memory = ")));
  EXPECT_THAT(words(layer_of("rnn", true)), Not(HasSubstr("memory = ")));
}

TEST(StartInTime, LeavesOutWhatWasNotMeasured) {
  RecurrentLayer layer = layer_of("gru", true);
  layer.radius = RecurrentLayer::kUnknown;
  layer.exponents.clear();
  layer.gradient.clear();
  EXPECT_THAT(words(layer), AllOf(HasSubstr("asks nothing of the last state"), Not(HasSubstr("radius")),
                                  Not(HasSubstr("Lyapunov")), Not(HasSubstr("nan"))));
}

TEST(StartInTime, OfNoRecurrentLayerIsEmpty) { EXPECT_EQ(start_in_time({}, {}), ""); }

}  // namespace
}  // namespace thalweg::report
