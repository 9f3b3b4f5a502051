#include "thalweg/diagnose/attention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scripted_run.h"

namespace thalweg {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

ScriptedRun falling() {
  ScriptedRun run;
  run.each(200, Quantity::loss, [](std::int64_t t) { return 2.0 / (1.0 + 0.02 * static_cast<double>(t)); });
  return run;
}

TEST(Attention, OfARunThatComesDownIsNobodys) { EXPECT_THAT(wanted(falling().history), IsEmpty()); }

TEST(Attention, GoesToTheCurvatureWhereTheStepOvershoots) {
  for (const Quantity quantity : {Quantity::overshoot, Quantity::overshoot_secant}) {
    EXPECT_THAT(wanted(falling().at(190, quantity, 0.7).history), IsEmpty());
    EXPECT_THAT(wanted(falling().at(190, quantity, 1.1).history), Contains(Quantity::edge_ratio));
  }
  EXPECT_THAT(wanted(falling().at(190, Quantity::edge_ratio, 0.95).history), Contains(Quantity::overshoot));
}

TEST(Attention, GoesToTheCurvatureWhereTheLossRises) {
  ScriptedRun run;
  run.each(200, Quantity::loss, [](std::int64_t t) { return t < 192 ? 1.0 : 1.5; });
  EXPECT_THAT(wanted(run.history), Contains(Quantity::overshoot));
}

TEST(Attention, GoesToTheLowerEndOfTheSpectrumAndToTheGradientsWayWhereTheLossStandsStill) {
  ScriptedRun run;
  run.each(600, Quantity::loss, [](std::int64_t t) { return 2.3 + 0.01 * static_cast<double>(t % 3); });
  EXPECT_THAT(wanted(run.history), ElementsAre(Quantity::batch_lambda_min, Quantity::activation_gradient_rms,
                                               Quantity::dead_units, Quantity::memory_horizon));
}

TEST(Attention, OfNothingReadIsNobodys) { EXPECT_THAT(wanted(History()), IsEmpty()); }

TEST(Attention, GoesToTheUnitsUntilTheyAreCounted) {
  EXPECT_THAT(unread(falling().history), ElementsAre(Quantity::dead_units));
  EXPECT_THAT(unread(falling().at(190, Quantity::dead_units, 0.0).history), IsEmpty()) << "none dead is an answer";
  ScriptedRun of_a_layer = falling();
  of_a_layer.history.put({.step = 190,
                          .value = 0.1,
                          .quantity = Quantity::dead_units,
                          .scope = of_a_layer.history.scopes_table.number("a")});
  EXPECT_THAT(unread(of_a_layer.history), IsEmpty());
}

}  // namespace
}  // namespace thalweg
