#include "thalweg/observe/observer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <stdexcept>
#include <thread>

#include "tests/observe/collect.h"
#include "thalweg/observe/catalogue.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(BudgetScheduler, WithACadenceEveryoneIsDueOnItsSteps) {
  BudgetScheduler scheduler({.cadence = 5}, {{.gradient_units = 3.0, .share = 0.5}});
  for (std::int64_t step = 0; step < 20; ++step) EXPECT_EQ(scheduler.due(0, step), step % 5 == 0);
}

// Plays a run: steps of `step` seconds, turns of `turn` seconds each.
struct Play {
  BudgetScheduler scheduler;
  std::vector<double> turn;
  double step = 1.0;
  std::vector<std::pair<double, double>> spendings;  // when, how much; first turns left out
  double now = 0.0;
  int turns = 0;

  void run(int steps) {
    for (int k = 0; k < steps; ++k) {
      for (std::size_t i = 0; i < turn.size(); ++i) {
        if (!scheduler.due(i, k)) continue;
        const bool first = scheduler.turns(i) == 0;
        scheduler.spent(i, turn[i], true);
        now += turn[i];
        ++turns;
        if (!first) spendings.emplace_back(now, turn[i]);
      }
      scheduler.trained(step);
      now += step;
    }
  }
  double worst_minute() const {
    double worst = 0.0;
    for (const auto& [end, unused] : spendings) {
      double sum = 0.0;
      for (const auto& [when, seconds] : spendings) sum += when > end - 60.0 && when <= end ? seconds : 0.0;
      worst = std::max(worst, sum);
    }
    return worst;
  }
};

TEST(BudgetScheduler, OverTheRunItStaysInsideTheBudgetAndUsesIt) {
  Play play{.scheduler = BudgetScheduler(
                {.budget = 0.04}, {{.gradient_units = 2.0, .share = 0.5}, {.gradient_units = 0.3, .share = 0.5}}),
            .turn = {0.2, 0.03},
            .step = 0.1};
  play.run(20000);
  EXPECT_LE(play.scheduler.promised(), 0.04 * play.scheduler.trained());
  EXPECT_GE(play.scheduler.promised(), 0.037 * play.scheduler.trained());
  EXPECT_NEAR(play.scheduler.spent(0) / play.scheduler.spent(1), 1.0, 0.05) << "equal shares";
}

TEST(BudgetScheduler, OverAnyMinuteItStaysInsideTheBudget) {
  for (const double turn : {0.1, 0.7, 1.7}) {
    Play play{.scheduler = BudgetScheduler({.budget = 0.03}, {{.gradient_units = 1.0, .share = 1.0}}), .turn = {turn}};
    play.step = 0.05;
    play.run(40000);
    EXPECT_GT(play.turns, 10) << turn;
    EXPECT_LE(play.worst_minute(), 0.03 * 60.0 + 1e-9) << turn;
  }
}

// 3% of a minute are 1.8 s.
TEST(BudgetScheduler, WhatIsDearerThanTheBudgetOfAMinuteHasItsFirstTurnOnly) {
  Play play{.scheduler = BudgetScheduler({.budget = 0.03}, {{.gradient_units = 4.0, .share = 1.0}}), .turn = {2.0}};
  play.run(5000);
  EXPECT_EQ(play.turns, 1);
}

TEST(BudgetScheduler, FirstTurnsAreAsideButStayBelowATenthOfTheTraining) {
  std::vector<Needs> needs(6, Needs{.gradient_units = 10.0, .share = 1.0});
  BudgetScheduler scheduler({.budget = 0.03}, needs);
  for (int k = 0; k < 3000; ++k) {
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (scheduler.turns(i) == 0 && scheduler.due(i, k)) scheduler.spent(i, 10.0, true);
    }
    scheduler.trained(1.0);
    ASSERT_LE(scheduler.first(), 0.1 * scheduler.trained() + 1e-9);
  }
  EXPECT_EQ(scheduler.first(), 60.0);
  EXPECT_EQ(scheduler.promised(), 0.0);
}

TEST(BudgetScheduler, WhatCostsMoreThanItSaidIsCalledLessOften) {
  Play play{.scheduler = BudgetScheduler({.budget = 0.04}, {{.gradient_units = 0.1, .share = 0.5}}), .turn = {1.0}};
  play.run(5000);
  EXPECT_LE(play.scheduler.promised(), 0.04 * 5000.0);
}

TEST(BudgetScheduler, AttentionShiftsTheSharesAndAQuarantinedOnesShareIsTheOthers) {
  const std::vector<Needs> needs(2, Needs{.gradient_units = 1.0, .share = 1.0});
  Play even{.scheduler = BudgetScheduler({.budget = 0.04}, needs), .turn = {0.1, 0.1}, .step = 0.1};
  even.scheduler.attend(0, 4.0);
  even.run(20000);
  EXPECT_NEAR(static_cast<double>(even.scheduler.turns(0)) / static_cast<double>(even.scheduler.turns(1)), 4.0, 0.3);
  Play alone{.scheduler = BudgetScheduler({.budget = 0.04}, needs), .turn = {0.1, 0.1}, .step = 0.1};
  alone.scheduler.drop(1);
  alone.run(20000);
  EXPECT_GE(alone.scheduler.promised(), 0.037 * alone.scheduler.trained());
}

// A run of 400 steps with every instrument, each turn as dear as it said: one that gathers eight batches before it
// speaks has them with the attention that a watch gives to what was not said yet, and not without.
TEST(BudgetScheduler, AttentionLetsAGatheringInstrumentSpeakInAShortRun) {
  const auto instruments = make_instruments({"auto"});
  std::vector<Needs> needs;
  std::size_t units = 0;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    needs.push_back(instruments[i]->needs());
    if (instruments[i]->name() == "units") units = i;
  }
  const auto turns_of_units = [&](double attention) {
    Play play{.scheduler = BudgetScheduler({.budget = 0.03}, needs), .step = 0.01};
    for (const Needs& n : needs) play.turn.push_back(n.gradient_units * play.step);
    play.scheduler.attend(units, attention);
    play.run(400);
    EXPECT_LE(play.scheduler.promised(), 0.03 * play.scheduler.trained());
    return play.scheduler.turns(units);
  };
  EXPECT_LT(turns_of_units(1.0), 8);
  EXPECT_GE(turns_of_units(20.0), 8);
}

// 4% of a step of 0.1 s: a turn of 0.1 s is saved up in 25 steps.
TEST(BudgetScheduler, WhoseIntervalIsStretchedWaitsTwiceAsLong) {
  const auto steps_to_the_next = [](double stretch) {
    Play play{.scheduler = BudgetScheduler({.budget = 0.04}, {{.gradient_units = 1.0, .share = 1.0}}),
              .turn = {0.1},
              .step = 0.1};
    while (play.scheduler.turns(0) < 3) play.run(1);
    play.scheduler.stretch(0, stretch);
    int steps = 0;
    for (; play.scheduler.turns(0) < 4; ++steps) play.run(1);
    return steps;
  };
  EXPECT_NEAR(steps_to_the_next(1.0), 25, 1);
  EXPECT_NEAR(steps_to_the_next(2.0), 50, 1);
}

TEST(BudgetScheduler, WithoutBudgetNothingIsDue) {
  BudgetScheduler scheduler({.budget = 0.0}, {{.gradient_units = 0.4, .share = 0.5}});
  for (std::int64_t step = 0; step < 100; ++step) {
    EXPECT_FALSE(scheduler.due(0, step));
    scheduler.trained(1.0);
  }
}

// An instrument that does on each step what the test says.
class Scripted final : public Instrument {
 public:
  explicit Scripted(std::function<void(ReadingSink&)> turn, Needs needs = {.sums = true, .share = 1.0})
      : turn_(std::move(turn)), needs_(needs) {}
  std::string_view name() const override { return "scripted"; }
  Needs needs() const override { return needs_; }
  void after_update(const Step&, ReadingSink& out) override { turn_(out); }

 private:
  std::function<void(ReadingSink&)> turn_;
  Needs needs_;
};

struct Watched {
  std::vector<std::string> warnings;
  int turns = 0;
  Collect said;

  explicit Watched(const std::function<void(ReadingSink&)>& turn, std::int64_t memory = std::int64_t{1} << 30,
                   bool finite = true) {
    std::vector<std::unique_ptr<Instrument>> instruments;
    instruments.push_back(std::make_unique<Scripted>([&, turn](ReadingSink& out) {
      ++turns;
      turn(out);
    }));
    Observer observer(std::move(instruments),
                      {.memory_limit = memory, .warn = [&](const std::string& text) { warnings.push_back(text); }});
    observer.trained(0.001);
    for (std::int64_t k = 1; k < 4; ++k) {
      observer.plan(k, {.free_sums = true});
      observer.after_update({.index = k, .finite = finite}, said);
      observer.trained(0.001);
    }
  }
};

TEST(Observer, QuarantinesWhatThrowsWithOneWarning) {
  const Watched watched([](ReadingSink&) { throw std::runtime_error("no such thing\nsecond line"); });
  EXPECT_EQ(watched.turns, 1);
  ASSERT_EQ(watched.warnings.size(), 1U);
  EXPECT_THAT(watched.warnings[0],
              HasSubstr("scripted failed and gets no further turn, training goes on: no such thing"));
  EXPECT_THAT(watched.warnings[0], Not(HasSubstr("second line")));
}

TEST(Observer, QuarantinesWhatThrowsNoException) {
  const Watched watched([](ReadingSink&) { throw 7; });
  EXPECT_EQ(watched.turns, 1);
  EXPECT_EQ(watched.warnings.size(), 1U);
}

void say_nan(ReadingSink& out) {
  out.put({.value = std::numeric_limits<double>::quiet_NaN(), .quantity = Quantity::overshoot});
}

TEST(Observer, QuarantinesWhatSaysNanOfAHealthyStep) {
  const Watched watched(say_nan);
  EXPECT_EQ(watched.turns, 1);
  ASSERT_EQ(watched.warnings.size(), 1U);
  EXPECT_THAT(watched.warnings[0], HasSubstr("it said a overshoot that is not finite"));
}

TEST(Observer, NanOfAStepThatIsNotFiniteIsData) {
  const Watched watched(say_nan, std::int64_t{1} << 30, /*finite=*/false);
  EXPECT_EQ(watched.turns, 3);
  EXPECT_TRUE(watched.warnings.empty());
  EXPECT_EQ(watched.said.readings.size(), 3U);
}

TEST(Observer, QuarantinesWhatAllocatesTooMuch) {
  const Watched watched([](ReadingSink&) { at::empty({1 << 20}); }, /*memory=*/1 << 20);
  EXPECT_EQ(watched.turns, 1);
  ASSERT_EQ(watched.warnings.size(), 1U);
  EXPECT_THAT(watched.warnings[0], HasSubstr("it allocated 4 MB, and 1 MB are allowed"));
}

// A run of steps of a millisecond, in which one instrument takes so many milliseconds, turn by turn; 0 from the end on.
struct Slow {
  std::vector<std::string> warnings;
  std::size_t turns = 0;

  explicit Slow(std::vector<int> milliseconds, std::int64_t cadence = 0) {
    std::vector<std::unique_ptr<Instrument>> instruments;
    instruments.push_back(std::make_unique<Scripted>([&](ReadingSink&) {
      const int wait = turns < milliseconds.size() ? milliseconds[turns] : 0;
      ++turns;
      std::this_thread::sleep_for(std::chrono::milliseconds(wait));
    }));
    Observer observer(std::move(instruments),
                      {.cadence = cadence, .warn = [&](const std::string& text) { warnings.push_back(text); }});
    observer.trained(0.001);
    Collect said;
    for (std::int64_t k = 1; k <= 5; ++k) {
      observer.plan(k, {.free_sums = true});
      observer.after_update({.index = k}, said);
      observer.trained(0.001);
    }
  }
};

TEST(Observer, OneSlowTurnIsToldAndForgiven) {
  const Slow slow({1050});
  EXPECT_EQ(slow.turns, 5U);
  ASSERT_EQ(slow.warnings.size(), 1U);
  EXPECT_THAT(slow.warnings[0], HasSubstr("instrument scripted: a turn took 1.1 s, over 8 times what it should; its "
                                          "next one comes later"));
}

TEST(Observer, TwoSlowTurnsInARowAreTheLast) {
  const Slow slow({1050, 1050});
  EXPECT_EQ(slow.turns, 2U);
  ASSERT_EQ(slow.warnings.size(), 2U);
  EXPECT_THAT(slow.warnings[1], HasSubstr("gets no further turn, training goes on: a turn took 1.1 s"));
}

TEST(Observer, SlowTurnsApartAreForgivenAgain) {
  const Slow slow({1050, 0, 1050, 0});
  EXPECT_EQ(slow.turns, 5U);
  EXPECT_EQ(slow.warnings.size(), 2U);
}

// 3% of a minute are 1.8 s: by the promise a turn like that could not come again.
TEST(Observer, ATurnBeyondTheBudgetOfAMinuteIsTheLast) {
  const Slow slow({1850});
  EXPECT_EQ(slow.turns, 1U);
  ASSERT_EQ(slow.warnings.size(), 1U);
  EXPECT_THAT(slow.warnings[0], HasSubstr("more than the budget of a minute (1.8 s)"));
}

TEST(Observer, AFixedCadenceIsKeptHoweverSlow) {
  const Slow slow({1050, 1050, 1850}, /*cadence=*/1);
  EXPECT_EQ(slow.turns, 5U);
  ASSERT_EQ(slow.warnings.size(), 1U) << "told once";
  EXPECT_THAT(slow.warnings[0], HasSubstr("the fixed cadence keeps it"));
}

TEST(Observer, BeforeAStepWasTimedATurnIsNotCalledSlow) {
  std::vector<std::string> warnings;
  std::vector<std::unique_ptr<Instrument>> instruments;
  instruments.push_back(
      std::make_unique<Scripted>([](ReadingSink&) { std::this_thread::sleep_for(std::chrono::milliseconds(1050)); }));
  Observer observer(std::move(instruments),
                    {.cadence = 1, .warn = [&](const std::string& text) { warnings.push_back(text); }});
  Collect said;
  observer.plan(0, {});
  observer.after_update({}, said);
  EXPECT_TRUE(warnings.empty());
  observer.trained(0.001);
  observer.plan(1, {});
  observer.after_update({.index = 1}, said);
  EXPECT_EQ(warnings.size(), 1U) << "measured by a step of a millisecond it is";
}

TEST(Observer, CountsWhatIsSpentAgainstTheTrainingWithoutIt) {
  std::vector<std::unique_ptr<Instrument>> instruments;
  instruments.push_back(
      std::make_unique<Scripted>([](ReadingSink&) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }));
  Observer observer(std::move(instruments), {.cadence = 1});
  Collect said;
  observer.plan(0, {});
  observer.after_update({}, said);
  const double spent = observer.spent_seconds();
  EXPECT_GE(spent, 0.002);
  observer.also_spent("trial", 0.01);
  observer.trained(0.1);
  EXPECT_NEAR(observer.share(), (spent + 0.01) / 0.1, 1e-6);
  EXPECT_NEAR(observer.share_by_instrument().at("scripted"), spent / 0.1, 1e-6);
  EXPECT_NEAR(observer.share_by_instrument().at("trial"), 0.1, 1e-6);
}

TEST(Observer, WhatTheLoopCannotGiveIsNotDue) {
  std::vector<std::unique_ptr<Instrument>> instruments;
  instruments.push_back(std::make_unique<Scripted>([](ReadingSink&) {}, Needs{.second_forward = true, .share = 1.0}));
  Observer observer(std::move(instruments), {.cadence = 1});
  EXPECT_FALSE(observer.plan(0, {.second_forward = false}).second_forward);
  EXPECT_TRUE(observer.plan(1, {.second_forward = true}).second_forward);
}

TEST(Observer, WhoNeedsTwoStepsIsDueOnTheNextOneToo) {
  std::vector<std::unique_ptr<Instrument>> instruments;
  instruments.push_back(
      std::make_unique<Scripted>([](ReadingSink&) {}, Needs{.gradient = true, .two_steps = true, .share = 1.0}));
  Observer observer(std::move(instruments), {.cadence = 4});
  std::vector<bool> due;
  for (std::int64_t k = 0; k < 8; ++k) due.push_back(observer.plan(k, {}).gradient);
  EXPECT_EQ(due, (std::vector<bool>{true, true, false, false, true, true, false, false}));
}

TEST(Catalogue, NoneIsNoneASlipIsNamedAndNothingIsMeasuredTwice) {
  EXPECT_EQ(make_instruments({"none"}).size(), 0U);
  EXPECT_EQ(make_instruments({"auto"}).size(), make_instruments({"all"}).size());
  EXPECT_EQ(make_instruments({"overshoot"}).front()->name(), "overshoot");
  EXPECT_EQ(instrument_of(Quantity::overshoot), "ill_conditioning");
  try {
    make_instruments({"overshot"});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'overshot'; allowed: auto, all, none, step_norms, "));
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'overshoot'?"));
  }
}

}  // namespace
}  // namespace thalweg
