#include "thalweg/train/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <optional>

#include "loops.h"
#include "small_runs.h"
#include "thalweg/observe/observer.h"
#include "thalweg/record/error.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using testing::HasSubstr;

struct Case {
  std::string network, optimizer;
  int threads;
};

class BitIdentity : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { at::set_num_threads(GetParam().threads); }
  void TearDown() override { at::set_num_threads(1); }
};

// Every instrument on every seventh step, and all that costs nothing on each.
TEST_P(BitIdentity, TrainingWithEveryInstrumentIsTheTrainingWithout) {
  const loops::Loop loop{.network = GetParam().network, .optimizer = GetParam().optimizer};
  std::map<std::string, std::int64_t> turns;
  std::vector<std::string> notes;
  // A tap that hears nothing: what asks for one has its forwards, too.
  const WatchOptions all{.cadence = 7, .instruments = {"all"}, .tap = [](Tap*) {}};
  const loops::Bits with = loops::run(loop, all, [&](Watch& watch) {
    turns = watch.observer().turns();
    notes = watch.notes();
  });
  EXPECT_TRUE(with == loops::run(loop, std::nullopt));
  for (const auto& [name, count] : turns) {
    const bool of_several_backwards = name == "noise_scale";
    if (!of_several_backwards) EXPECT_GE(count, 42) << name << " was not looked at: " << testing::PrintToString(notes);
  }
}

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const char* network : {"mlp", "conv", "lstm", "transformer"}) {
    for (const char* optimizer : {"sgd", "momentum", "adam", "adamw"}) {
      for (const int threads : {1, 2}) result.push_back({network, optimizer, threads});
    }
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(Loops, BitIdentity, testing::ValuesIn(cases()), [](const auto& info) {
  return info.param.network + "_" + info.param.optimizer + "_" + std::to_string(info.param.threads);
});

TEST(Watch, WithinABudgetTheBitsAreTheSameToo) {
  const loops::Loop loop{.network = "conv", .optimizer = "adamw"};
  EXPECT_TRUE(loops::run(loop, WatchOptions{.budget = 0.5}) == loops::run(loop, std::nullopt));
}

TEST(Watch, SaysTheLossOfEachStepAndCountsThem) {
  loops::run({.steps = 20}, WatchOptions{.cadence = 5}, [](Watch& watch) {
    EXPECT_EQ(watch.steps(), 20);
    EXPECT_EQ(watch.history().series(Quantity::loss).size(), 20U);
    EXPECT_EQ(watch.history().series(Quantity::gradient_sq).size(), 4U);
    EXPECT_EQ(watch.history().series(Quantity::overshoot).size(), 4U);
    EXPECT_NEAR(watch.history().series(Quantity::learning_rate).front().value, 0.05, 1e-12);
  });
}

// ρ of the actual update: exact by a product at the old weights, and the step truth L(θ+u) − L(θ) by the closure.
TEST(Watch, SaysTheChangeOfTheLossThatTheStepReallyMade) {
  torch::manual_seed(3);
  const auto net = std::make_shared<loops::Mlp>();
  net->to(torch::kDouble);
  torch::optim::SGD optimizer(net->parameters(), 0.05);
  Watch watch(net->named_parameters(), optimizer, {.cadence = 1});
  loops::Batches batches;
  for (int k = 0; k < 5; ++k) {
    auto [x, y] = batches.next();
    x = x.to(torch::kDouble);
    const auto loss = [&, x = x, y = y] { return torch::cross_entropy_loss(net->forward(x), y); };
    optimizer.zero_grad();
    const double before = loss().item<double>();
    watch.backward(loss(), loss);
    watch.step();
    const double after = loss().item<double>();
    const auto change = watch.history().series(Quantity::actual_change).back();
    EXPECT_NEAR(change.value, after - before, 1e-14);
    EXPECT_NEAR(watch.history().series(Quantity::predicted_change).back().value, after - before,
                0.2 * std::abs(after - before));
  }
}

TEST(Watch, GivesThePlainLoopsBitsWithoutABudget) {
  loops::run({.steps = 50}, WatchOptions{.budget = 0.0}, [](Watch& watch) {
    for (const auto& [name, count] : watch.observer().turns()) EXPECT_EQ(count, 0) << name;
  });
}

std::string refusal(const WatchOptions& options) {
  try {
    loops::run({.steps = 0}, options);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Watch, RefusesOptionsThatCannotBe) {
  EXPECT_THAT(refusal({.budget = 1.5}), HasSubstr("budget = 1.5: a share of the training time, from 0 to 1"));
  EXPECT_THAT(refusal({.budget = std::numeric_limits<double>::quiet_NaN()}), HasSubstr("budget = nan"));
  EXPECT_THAT(refusal({.cadence = -1}), HasSubstr("cadence = -1"));
  EXPECT_THAT(refusal({.instruments = {"overshot"}}), HasSubstr("did you mean 'overshoot'?"));
  EXPECT_THAT(refusal({.objective = "los"}), HasSubstr("objective = 'los': 'loss' or 'surrogate'"));
  EXPECT_THAT(refusal({.memory_limit = 0}), HasSubstr("memory_limit = 0"));
}

// What was not measured is no number: a run without held-out rows has no held-out loss of zero.
TEST(Watch, KeepsWhatTheLoopLogsAndNothingElse) {
  const small_runs::Folder folder;
  loops::run({.steps = 3}, WatchOptions{.store = folder.path / "silent"});
  loops::run({.steps = 3}, WatchOptions{.store = folder.path / "told"}, [](Watch& watch) {
    watch.log("accuracy", 0.5);
    watch.log("loss", 1.25);
  });
  const auto silent = StoreReader(folder.path / "silent/run.sqlite").result();
  ASSERT_TRUE(silent.has_value());
  EXPECT_TRUE(std::isnan(silent->heldout_loss.value));
  EXPECT_TRUE(silent->metrics.empty());
  const auto told = StoreReader(folder.path / "told/run.sqlite").result();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->heldout_loss.value, 1.25);
  ASSERT_EQ(told->metrics.size(), 1U);
  EXPECT_EQ(told->metrics.front().interval.value, 0.5);
}

TEST(Watch, RefusesToWatchNothing) {
  EXPECT_THROW(Watch({}, nullptr), UsageError);
  EXPECT_THROW(Watch({{"w", at::ones(3)}}, nullptr), UsageError) << "it asks for no gradient";
}

TEST(Watch, SummaryIsThereBeforeAndAfterItIsClosed) {
  loops::run({.steps = 30}, WatchOptions{.name = "mine", .cadence = 10}, [](Watch& watch) {
    const std::string open = watch.summary();
    EXPECT_THAT(open, HasSubstr("mine: 30 steps watched"));
    EXPECT_THAT(open, HasSubstr("overshoot every 10 steps"));
    watch.close();
    EXPECT_THAT(watch.summary(), HasSubstr("mine: 30 steps watched"));
    EXPECT_THAT(watch.verdict(), testing::AnyOf("healthy", "cannot_tell"));
  });
}

}  // namespace
}  // namespace thalweg
