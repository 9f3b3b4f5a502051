#include "thalweg/observe/observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/observe/collect.h"
#include "thalweg/observe/catalogue.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

TEST(BudgetScheduler, WithACadenceEveryoneIsDueOnItsSteps) {
  BudgetScheduler scheduler({.cadence = 5}, {{.gradient_units = 3.0, .share = 0.5}, {.every_step = true}});
  for (std::int64_t step = 0; step < 20; ++step) {
    EXPECT_EQ(scheduler.due(0, step), step % 5 == 0);
    EXPECT_TRUE(scheduler.due(1, step));
  }
}

// Steps of 1 s; a turn takes 2 s; share ½ of a budget of 4%: 2% of the time, so one turn in 100 s.
TEST(BudgetScheduler, StaysInsideTheShareAndUsesIt) {
  BudgetScheduler scheduler({.budget = 0.04}, {{.gradient_units = 2.0, .share = 0.5}});
  int turns = 0;
  for (std::int64_t step = 0; step < 5000; ++step) {
    if (scheduler.due(0, step)) {
      scheduler.spent(0, 2.0, true);
      ++turns;
    }
    scheduler.trained(1.0);
    ASSERT_LE(scheduler.spent(0), 0.02 * (scheduler.trained() + 1.0) + 1e-9);
  }
  EXPECT_GE(turns, 48);
  EXPECT_LE(turns, 50);
}

TEST(BudgetScheduler, AnInstrumentThatCostsMoreThanItSaidIsCalledLessOften) {
  BudgetScheduler scheduler({.budget = 0.04}, {{.gradient_units = 0.1, .share = 0.5}});
  for (std::int64_t step = 0; step < 5000; ++step) {
    if (scheduler.due(0, step)) scheduler.spent(0, 10.0, true);  // a hundred times what it said
    scheduler.trained(1.0);
  }
  EXPECT_LE(scheduler.share(), 0.02 + 10.0 / 5000.0);
}

TEST(BudgetScheduler, WithoutBudgetNothingThatCostsIsDue) {
  BudgetScheduler scheduler({.budget = 0.0}, {{.gradient_units = 0.4, .share = 0.5}});
  for (std::int64_t step = 0; step < 100; ++step) {
    EXPECT_FALSE(scheduler.due(0, step));
    scheduler.trained(1.0);
  }
}

class Failing final : public Instrument {
 public:
  std::string_view name() const override { return "failing"; }
  Needs needs() const override { return {.every_step = true}; }
  void after_update(const Step&, ReadingSink&) override {
    ++turns;
    throw std::runtime_error("no such thing\nsecond line");
  }
  static inline int turns = 0;
};

TEST(Observer, QuarantinesAnInstrumentThatFailsWithOneWarning) {
  std::vector<std::string> warnings;
  std::vector<std::unique_ptr<Instrument>> instruments;
  instruments.push_back(std::make_unique<Failing>());
  Observer observer(std::move(instruments), {}, [&](const std::string& text) { warnings.push_back(text); });
  Collect said;
  for (std::int64_t k = 0; k < 3; ++k) {
    observer.plan(k);
    observer.after_update({.index = k}, said);
    observer.stepped(1.0);
  }
  EXPECT_EQ(Failing::turns, 1);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], HasSubstr("failing failed and gets no further turn, training goes on: no such thing"));
  EXPECT_THAT(warnings[0], testing::Not(HasSubstr("second line")));
}

class Slow final : public Instrument {
 public:
  std::string_view name() const override { return "slow"; }
  Needs needs() const override { return {.every_step = true}; }
  void after_update(const Step&, ReadingSink&) override { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }
};

TEST(Observer, CountsWhatInstrumentsTakeAgainstTheTrainingWithoutThem) {
  std::vector<std::unique_ptr<Instrument>> instruments;
  instruments.push_back(std::make_unique<Slow>());
  Observer observer(std::move(instruments), {}, [](const std::string&) {});
  Collect said;
  observer.plan(0);
  observer.after_update({}, said);
  const double spent = observer.spent_seconds();
  EXPECT_GE(spent, 0.002);
  observer.stepped(spent + 0.1);  // the step took a tenth of a second beside the instrument
  EXPECT_NEAR(observer.share(), spent / 0.1, 1e-6);
  EXPECT_NEAR(observer.share_by_instrument().at("slow"), spent / 0.1, 1e-6);
}

TEST(Catalogue, AutoIsEveryInstrumentNoneIsNoneAndASlipIsNamed) {
  EXPECT_EQ(make_instruments({"auto"}).size(), 3U);
  EXPECT_EQ(make_instruments({"none"}).size(), 0U);
  EXPECT_EQ(make_instruments({"overshoot"}).front()->name(), "overshoot");
  try {
    make_instruments({"overshot"});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'overshot'; allowed: auto, all, none, step_norms, overshoot, "
                                        "ill_conditioning, standpoint; did you mean 'overshoot'?"));
  }
}

}  // namespace
}  // namespace thalweg
