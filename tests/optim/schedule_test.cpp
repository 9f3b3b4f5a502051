#include "thalweg/optim/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "test_paths.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::ScheduleKind;
using ::testing::HasSubstr;

constexpr double kPeak = 0.5;
constexpr std::int64_t kPlanned = 50;

nlohmann::json golden() {
  std::ifstream file(std::string(test_paths::kSource) + "/tests/optim/schedule_golden.json");
  return nlohmann::json::parse(file);
}

// ---- torch's schedulers, where they exist

struct Named {
  std::string name;
  recipe::Schedule options;
};

class TorchSchedulers : public ::testing::TestWithParam<Named> {};
INSTANTIATE_TEST_SUITE_P(Golden, TorchSchedulers,
                         ::testing::ValuesIn(std::vector<Named>{
                             {"step", {.kind = ScheduleKind::step, .every = 7, .factor = 0.3}},
                             {"multistep", {.kind = ScheduleKind::multistep, .factor = 0.5, .milestones = {5, 20, 21}}},
                             {"exponential", {.kind = ScheduleKind::exponential, .rate = 0.07}},
                             {"linear", {.kind = ScheduleKind::linear, .final = 0.2}},
                             {"polynomial", {.kind = ScheduleKind::polynomial, .power = 2.0}},
                             {"cosine", {.kind = ScheduleKind::cosine, .final = 0.1}},
                             {"cosine_restarts",
                              {.kind = ScheduleKind::cosine_restarts, .final = 0.1, .period = 6, .growth = 2.0}},
                             {"one_cycle", {.kind = ScheduleKind::one_cycle, .final = 0.1, .peak = 0.3}}}),
                         [](const auto& info) { return info.param.name; });

TEST_P(TorchSchedulers, GiveTheSameRates) {
  const auto rates = golden().at(GetParam().name).get<std::vector<double>>();
  const Schedule schedule(GetParam().options, kPeak, kPlanned);
  for (std::size_t t = 0; t < rates.size(); ++t)
    EXPECT_NEAR(schedule.at(static_cast<std::int64_t>(t)), rates[t], 1e-12) << t;
}

TEST(Plateau, FollowsTorchs) {
  const std::vector<double> losses = {1.0,  0.95, 0.94, 0.93,         0.5, 0.48, 0.47, 0.46,
                                      0.46, 0.46, 0.2,  std::nan(""), 0.3, 0.3,  0.3};
  const auto rates = golden().at("plateau").get<std::vector<double>>();
  Schedule schedule({.kind = ScheduleKind::plateau, .factor = 0.5, .patience = 2, .threshold = 0.1}, kPeak, 0);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    schedule.evaluated(losses[i]);
    EXPECT_NEAR(schedule.at(static_cast<std::int64_t>(i)), rates[i], 1e-15) << i;
  }
}

// ---- closed forms at points that can be worked out by hand

double at(const recipe::Schedule& options, std::int64_t step, std::int64_t planned = 100) {
  return Schedule(options, 1.0, planned).at(step);
}

TEST(Schedule, ConstantIsThePeak) { EXPECT_EQ(Schedule({}, 0.3, 0).at(1'000'000'000), 0.3); }

TEST(Schedule, InverseTimeHalvesAtOneOverTheRate) {
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::inverse_time, .rate = 0.01}, 100), 0.5);
}

TEST(Schedule, ExponentialFallsByEAtOneOverTheRate) {
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::exponential, .rate = 0.01}, 100), std::exp(-1.0));
}

TEST(Schedule, InverseSqrtHalvesAtFourTimesTheWarmup) {
  const recipe::Schedule options{.kind = ScheduleKind::inverse_sqrt, .warmup = 25.0};
  EXPECT_DOUBLE_EQ(at(options, 25), 1.0);
  EXPECT_DOUBLE_EQ(at(options, 100), 0.5);
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::inverse_sqrt}, 0), 1.0);
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::inverse_sqrt}, 16), 0.25);
}

TEST(Schedule, OneCycleStartsAtATwentyFifthAndPeaksWhereItShould) {
  const recipe::Schedule options{.kind = ScheduleKind::one_cycle, .final = 0.02, .peak = 0.3};
  EXPECT_DOUBLE_EQ(at(options, 0), 1.0 / 25.0);
  EXPECT_DOUBLE_EQ(at(options, 15), 0.5 * (1.0 + 1.0 / 25.0));
  EXPECT_DOUBLE_EQ(at(options, 30), 1.0);
  EXPECT_DOUBLE_EQ(at(options, 65), 0.5 * (1.0 + 0.02));
  EXPECT_DOUBLE_EQ(at(options, 100), 0.02);
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::one_cycle, .peak = 0.0}, 0), 1.0);
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::one_cycle, .peak = 1.0}, 100), 1.0);
}

TEST(Schedule, WarmupStableDecayHoldsAndThenFalls) {
  const recipe::Schedule options{.kind = ScheduleKind::warmup_stable_decay, .warmup = 0.1, .final = 0.5, .decay = 0.2};
  EXPECT_DOUBLE_EQ(at(options, 0), 0.1);
  EXPECT_DOUBLE_EQ(at(options, 10), 1.0);
  EXPECT_DOUBLE_EQ(at(options, 80), 1.0);
  EXPECT_DOUBLE_EQ(at(options, 90), 0.75);
  EXPECT_DOUBLE_EQ(at(options, 100), 0.5);
  EXPECT_DOUBLE_EQ(at({.kind = ScheduleKind::warmup_stable_decay, .decay = 0.0}, 100), 1.0);
}

TEST(Schedule, RestartsComeWhereTheCyclesEnd) {
  for (const double growth : {1.0, 1.5, 2.0, 3.0}) {
    const recipe::Schedule options{.kind = ScheduleKind::cosine_restarts, .period = 4, .growth = growth};
    double start = 0.0, length = 4.0;
    for (int cycle = 0; cycle < 12; ++cycle, start += length, length *= growth) {
      const auto first = static_cast<std::int64_t>(std::ceil(start));
      const double at_first = (static_cast<double>(first) - start) / length;
      EXPECT_NEAR(at(options, first), 0.5 * (1.0 + std::cos(M_PI * at_first)), 1e-9) << growth << " " << cycle;
      if (cycle > 0) EXPECT_LT(at(options, first - 1), at(options, first)) << growth << " " << cycle;
    }
  }
}

// ---- warm-up

TEST(Warmup, RisesByALineFromOneOverItsLength) {
  const recipe::Schedule options{.warmup = 20.0};
  for (std::int64_t t = 0; t < 20; ++t) EXPECT_DOUBLE_EQ(at(options, t), static_cast<double>(t + 1) / 20.0);
  EXPECT_EQ(at(options, 20), 1.0);
}

TEST(Warmup, BelowOneIsAFractionOfTheRun) {
  EXPECT_DOUBLE_EQ(at({.warmup = 0.1}, 0, 1000), 0.01);
  EXPECT_DOUBLE_EQ(at({.warmup = 0.1}, 100, 1000), 1.0);
}

TEST(Warmup, OfOneStepIsNone) { EXPECT_EQ(at({.warmup = 1.0}, 0), 1.0); }

// Time runs from the start: after the warm-up a schedule is where it would have been without one.
TEST(Warmup, DoesNotShiftTheSchedule) {
  for (const ScheduleKind kind :
       {ScheduleKind::cosine, ScheduleKind::linear, ScheduleKind::exponential, ScheduleKind::step}) {
    for (std::int64_t t = 10; t <= 120; ++t) EXPECT_EQ(at({.kind = kind, .warmup = 10.0}, t), at({.kind = kind}, t));
  }
}

// ---- all schedules

std::vector<recipe::Schedule> smooth_schedules() {
  std::vector<recipe::Schedule> all;
  for (const ScheduleKind kind :
       {ScheduleKind::constant, ScheduleKind::exponential, ScheduleKind::linear, ScheduleKind::cosine,
        ScheduleKind::one_cycle, ScheduleKind::inverse_sqrt, ScheduleKind::inverse_time,
        ScheduleKind::warmup_stable_decay, ScheduleKind::polynomial}) {
    for (const double warmup : {0.0, 0.1, 300.0}) {
      all.push_back({.kind = kind, .warmup = warmup, .final = 0.05, .rate = 1e-3, .power = 2.0});
    }
  }
  return all;
}

// In 10000 steps no rate moves by more than a hundredth of the peak at once; the square root without warm-up begins too
// steeply.
TEST(Schedule, HasNoJumps) {
  for (const recipe::Schedule& options : smooth_schedules()) {
    if (options.kind == ScheduleKind::inverse_sqrt && options.warmup == 0.0) continue;
    const Schedule schedule(options, 1.0, 10000);
    for (std::int64_t t = 0; t < 11000; ++t) {
      ASSERT_LT(std::abs(schedule.at(t + 1) - schedule.at(t)), 0.01) << static_cast<int>(options.kind) << " " << t;
    }
  }
}

TEST(Schedule, HoldsItsFinalShareBeyondThePlannedEnd) {
  for (const ScheduleKind kind : {ScheduleKind::linear, ScheduleKind::cosine, ScheduleKind::one_cycle,
                                  ScheduleKind::warmup_stable_decay, ScheduleKind::polynomial}) {
    for (const std::int64_t t : {100, 101, 1'000'000}) EXPECT_DOUBLE_EQ(at({.kind = kind, .final = 0.05}, t), 0.05);
  }
}

// ---- plateau

TEST(Plateau, ImprovementIsRelativeToTheSizeOfTheBest) {
  Schedule schedule({.kind = ScheduleKind::plateau, .factor = 0.5, .patience = 0, .threshold = 0.01}, 1.0, 0);
  schedule.evaluated(-0.5);  // minus an accuracy, say
  schedule.evaluated(-0.5);  // the same again is no improvement
  EXPECT_EQ(schedule.at(0), 0.5);
  schedule.evaluated(-0.6);
  EXPECT_EQ(schedule.at(0), 0.5);
  schedule.evaluated(std::numeric_limits<double>::infinity());
  EXPECT_EQ(schedule.at(0), 0.25);
}

TEST(Plateau, ResumesFromItsState) {
  const recipe::Schedule options{.kind = ScheduleKind::plateau, .factor = 0.5, .patience = 1};
  Schedule whole(options, 1.0, 0), first(options, 1.0, 0), second(options, 1.0, 0);
  const std::vector<double> values = {1.0, 1.0, 1.0, 0.9, 0.9, 0.9};
  for (const double value : values) whole.evaluated(value);
  for (std::size_t i = 0; i < 2; ++i) first.evaluated(values[i]);
  second.load(first.state());
  for (std::size_t i = 2; i < values.size(); ++i) second.evaluated(values[i]);
  EXPECT_EQ(second.at(7), whole.at(7));
  EXPECT_EQ(second.state().bad, whole.state().bad);
  EXPECT_EQ(whole.at(7), 0.25);
}

TEST(Plateau, OthersTakeNoNoticeOfEvaluations) {
  Schedule schedule({.patience = 0}, 1.0, 0);
  for (int i = 0; i < 5; ++i) schedule.evaluated(1.0);
  EXPECT_EQ(schedule.at(0), 1.0);
}

// ---- errors

std::string refusal(const recipe::Schedule& options, std::int64_t planned) {
  try {
    Schedule(options, 1.0, planned);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ScheduleErrors, WhereThereIsNoPlannedEnd) {
  for (const auto& [kind, name] :
       std::vector<std::pair<ScheduleKind, std::string>>{{ScheduleKind::linear, "linear"},
                                                         {ScheduleKind::cosine, "cosine"},
                                                         {ScheduleKind::one_cycle, "one_cycle"},
                                                         {ScheduleKind::warmup_stable_decay, "warmup_stable_decay"},
                                                         {ScheduleKind::polynomial, "polynomial"}}) {
    EXPECT_THAT(refusal({.kind = kind}, 0), ::testing::AllOf(HasSubstr("\"" + name + "\""), HasSubstr("stop.steps")));
  }
  EXPECT_THAT(refusal({.warmup = 0.1}, 0), HasSubstr("schedule.warmup = 0.1"));
  EXPECT_EQ(refusal({.warmup = 10.0}, 0), "no error");
  for (const ScheduleKind kind :
       {ScheduleKind::constant, ScheduleKind::step, ScheduleKind::multistep, ScheduleKind::exponential,
        ScheduleKind::cosine_restarts, ScheduleKind::inverse_sqrt, ScheduleKind::inverse_time, ScheduleKind::plateau}) {
    EXPECT_EQ(refusal({.kind = kind}, 0), "no error");
  }
}

TEST(ScheduleErrors, ValuesWithoutMeaning) {
  const std::vector<std::pair<recipe::Schedule, std::string>> cases = {
      {{.warmup = -1.0}, "schedule.warmup = -1"},
      {{.warmup = std::numeric_limits<double>::infinity()}, "schedule.warmup"},
      {{.every = 0}, "schedule.every"},
      {{.rate = -0.1}, "schedule.rate"},
      {{.period = 0}, "schedule.period"},
      {{.growth = 0.5}, "schedule.growth"},
      {{.decay = 1.5}, "schedule.decay"},
      {{.peak = std::nan("")}, "schedule.peak"},
  };
  for (const auto& [options, key] : cases) EXPECT_THAT(refusal(options, 100), HasSubstr(key));
}

}  // namespace
}  // namespace thalweg
