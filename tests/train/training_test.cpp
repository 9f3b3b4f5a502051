// Whole runs in small: the promises that hold over every network and optimizer.
#include "thalweg/train/training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tests/train/small_runs.h"
#include "thalweg/record/error.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using small_runs::file_bytes;
using small_runs::Folder;
using testing::HasSubstr;

// Hashes, so that a failure prints a line and not a file.
std::size_t hash_of(const std::filesystem::path& file) { return std::hash<std::string>{}(file_bytes(file)); }
std::size_t model_of(const std::filesystem::path& run) { return hash_of(run / "checkpoint/last/model.safetensors"); }

const std::string kAlongTheStep = "watch.instruments=[\"overshoot\", \"ill_conditioning\"]";

class EveryNetwork : public testing::TestWithParam<small_runs::Network> {};

// Training with instruments on is bit for bit the training with them off.
TEST_P(EveryNetwork, InstrumentsDoNotChangeABit) {
  const Folder folder;
  const std::string text = small_runs::recipe(GetParam(), folder.path);
  std::vector<std::string> notes;
  const auto train_with = [&](const std::string& name, const std::vector<std::string>& set) {
    small_runs::train(text, folder.path / name, set, &notes);
    return model_of(folder.path / name);
  };
  const std::size_t off = train_with("off", {"watch.instruments=[\"none\"]"});
  EXPECT_EQ(off, train_with("all", {"watch.instruments=[\"all\"]", "watch.cadence=4"}));
  EXPECT_EQ(off, train_with("some", {kAlongTheStep, "watch.cadence=1"}));
  EXPECT_EQ(off, train_with("advised", {kAlongTheStep, "watch.cadence=2", "act.mode=\"advise\""}));
  EXPECT_TRUE(notes.empty()) << "an instrument was given up: " << notes.front();
}

// A run that is stopped in the middle of an epoch and goes on is bit for bit the uninterrupted one.
TEST_P(EveryNetwork, AResumedRunIsTheUninterruptedOne) {
  const Folder folder;
  const std::string text = small_runs::recipe(GetParam(), folder.path);
  small_runs::train(text, folder.path / "whole");
  small_runs::train(text, folder.path / "halves", {"stop.steps=4"});
  small_runs::resume(folder.path / "halves", {"stop.steps=" + std::to_string(small_runs::kSteps)});
  EXPECT_EQ(model_of(folder.path / "whole"), model_of(folder.path / "halves"));
  EXPECT_EQ(hash_of(folder.path / "whole/checkpoint/last/optimizer.safetensors"),
            hash_of(folder.path / "halves/checkpoint/last/optimizer.safetensors"));
}

TEST_P(EveryNetwork, ReadsItsCurvature) {
  const Folder folder;
  std::vector<std::string> notes;
  small_runs::train(small_runs::recipe(GetParam(), folder.path), folder.path / "run",
                    {kAlongTheStep, "watch.cadence=2"}, &notes);
  EXPECT_TRUE(notes.empty()) << notes.front();
  const StoreReader store(folder.path / "run/run.sqlite");
  for (const Quantity quantity :
       {Quantity::overshoot, Quantity::overshoot_secant, Quantity::curvature_along_gradient}) {
    const auto readings = store.readings(quantity, kWholeModel);
    ASSERT_EQ(readings.size(), 4U) << info(quantity).name;
    for (const Reading& r : readings) EXPECT_TRUE(std::isfinite(r.value)) << info(quantity).name;
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryNetwork, testing::ValuesIn(small_runs::networks()),
                         [](const auto& info) { return info.param.name; });

TEST(Training, TheResolvedRecipeGivesTheSameBits) {
  const Folder folder;
  small_runs::train(small_runs::recipe(small_runs::networks().front(), folder.path), folder.path / "first");
  small_runs::train(file_bytes(folder.path / "first/recipe.toml"), folder.path / "second");
  EXPECT_EQ(model_of(folder.path / "first"), model_of(folder.path / "second"));
  EXPECT_EQ(file_bytes(folder.path / "first/recipe.toml"), file_bytes(folder.path / "second/recipe.toml"));
}

// The forward-only overshoot and the exact one measure the same thing.
TEST(Training, SecantAndExactOvershootAgree) {
  const Folder folder;
  small_runs::train(small_runs::recipe(small_runs::network("tanh_mlp"), folder.path), folder.path / "run",
                    {"watch.cadence=1", "optimizer.kind=\"sgd\"", "optimizer.lr=0.05"});
  const StoreReader store(folder.path / "run/run.sqlite");
  const auto exact = store.readings(Quantity::overshoot, kWholeModel),
             secant = store.readings(Quantity::overshoot_secant, kWholeModel);
  ASSERT_EQ(exact.size(), secant.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    // What is left is the third order along u.
    EXPECT_NEAR(secant[i].value, exact[i].value, 0.15 * std::abs(exact[i].value) + secant[i].error) << "step " << i;
  }
}

// g'g of the whole model is the sum over its parameters, and accumulated micro-batches are one batch.
TEST(Training, AccumulatedMicroBatchesTakeTheStepOfTheWholeBatch) {
  const Folder folder;
  const std::string text = small_runs::recipe(small_runs::network("tanh_mlp"), folder.path);
  const auto whole = small_runs::train(text, folder.path / "whole", {"batch.size=16", "batch.shuffle=false"});
  const auto parts =
      small_runs::train(text, folder.path / "parts", {"batch.size=4", "batch.accumulate=4", "batch.shuffle=false"});
  const auto a = whole.history.series(Quantity::gradient_sq), b = parts.history.series(Quantity::gradient_sq);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i].value, b[i].value, 1e-4 * a[i].value);
}

TEST(Training, WeightsThatAreNoNumbersEndTheRunAndAreNamed) {
  const Folder folder;
  const auto outcome = small_runs::train(
      small_runs::recipe(small_runs::network("tanh_mlp"), folder.path), folder.path / "run",
      {"optimizer.kind=\"sgd\"", "optimizer.lr=1e30", "model.layers.0.activation=\"relu\"", "stop.steps=200"});
  EXPECT_EQ(outcome.result.stop_reason, "non_finite");
  EXPECT_EQ(outcome.result.judgement.verdict, Verdict::fault);
  bool named = false;
  for (const Finding& finding : outcome.result.judgement.findings) named |= finding.code == "non_finite";
  EXPECT_TRUE(named);
}

TEST(Training, ASignalStopsAtAStepBoundaryWithACheckpoint) {
  const Folder folder;
  std::atomic<int> signal{0};
  TrainingOptions options{.out = folder.path / "run", .signal = &signal};
  options.events.step = [&](const TrainingEvents::StepDone& done, const History&) {
    if (done.step == 3) signal = 15;
  };
  const std::string text = small_runs::recipe(small_runs::networks().front(), folder.path);
  const auto outcome = thalweg::train(recipe::parse_text(text, "small.toml", folder.path), options);
  EXPECT_EQ(outcome.result.stop_reason, "signal");
  EXPECT_EQ(outcome.result.step, 3);
  small_runs::resume(folder.path / "run");
  small_runs::train(text, folder.path / "whole");
  EXPECT_EQ(model_of(folder.path / "run"), model_of(folder.path / "whole"));
}

TEST(Training, AFolderThatHoldsARunIsRefused) {
  const Folder folder;
  const std::string text = small_runs::recipe(small_runs::networks().front(), folder.path);
  small_runs::train(text, folder.path / "run");
  const std::size_t before = model_of(folder.path / "run");
  try {
    small_runs::train(text, folder.path / "run");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("holds a run already; go on with it by --resume"));
  }
  EXPECT_EQ(before, model_of(folder.path / "run"));
}

TEST(Training, ADamagedCheckpointIsPassedOverWithANote) {
  const Folder folder;
  const std::string text = small_runs::recipe(small_runs::networks().front(), folder.path);
  small_runs::train(text, folder.path / "run", {"checkpoint.every=2"});
  std::ofstream(folder.path / "run/checkpoint/last/model.safetensors", std::ios::trunc) << "torn";
  std::vector<std::string> notes;
  const auto outcome = small_runs::resume(folder.path / "run", {}, &notes);
  ASSERT_FALSE(notes.empty());
  EXPECT_THAT(notes.front(), HasSubstr("going on from step"));
  small_runs::train(text, folder.path / "whole");
  EXPECT_EQ(model_of(folder.path / "run"), model_of(folder.path / "whole"));
}

// A rate at which the run bounces: advise says so and leaves it; autopilot lowers it, once proven, and the loss comes
// down.
TEST(Training, AutopilotLowersARateThatIsProvenTooHighAndTellsTheEffect) {
  const Folder folder;
  const std::string text = small_runs::recipe(small_runs::network("tanh_mlp"), folder.path);
  const std::vector<std::string> sick{
      "optimizer.lr=10.0", "optimizer.momentum=0.0",   "optimizer.nesterov=false",    "stop.steps=1200",
      "watch.cadence=4",   "checkpoint.every=1000000", "stop.evaluate_every=1000000", "data.noise=2.0",
      "data.samples=320"};
  std::vector<std::string> flown = sick;
  flown.push_back("act.mode=\"autopilot\"");
  const auto advised = small_runs::train(text, folder.path / "advised", sick);
  const auto mended = small_runs::train(text, folder.path / "mended", flown);
  EXPECT_EQ(advised.result.judgement.verdict, Verdict::fault);
  EXPECT_TRUE(advised.result.actions.empty());
  ASSERT_FALSE(mended.result.actions.empty());
  const Action& action = mended.result.actions.front();
  EXPECT_EQ(action.trial.verdict, TrialVerdict::proven);
  EXPECT_LT(action.loss_after, action.loss_before);
  EXPECT_LT(mended.result.train_loss, advised.result.train_loss);
  const auto stored = StoreReader(folder.path / "mended/run.sqlite").actions();
  ASSERT_EQ(stored.size(), mended.result.actions.size()) << "each action once, its effect with it";
  EXPECT_EQ(stored.front().loss_after, action.loss_after);
}

// What an evaluation reads at the step of a checkpoint is not read again by the run that goes on from there.
TEST(Training, AResumedHistoryHasEveryEvaluation) {
  const Folder folder;
  const std::string text = small_runs::recipe(small_runs::network("tanh_mlp"), folder.path);
  const std::vector<std::string> often{"stop.evaluate_every=2", "checkpoint.every=4"};
  std::vector<std::string> half = often, whole = often;
  half.emplace_back("stop.steps=4");
  whole.emplace_back("stop.steps=" + std::to_string(small_runs::kSteps));
  const auto uninterrupted = small_runs::train(text, folder.path / "whole", whole);
  small_runs::train(text, folder.path / "halves", half);
  const auto resumed = small_runs::resume(folder.path / "halves", whole);
  for (const Quantity quantity : {Quantity::heldout_loss, Quantity::heldout_metric}) {
    const auto want = uninterrupted.history.series(quantity), have = resumed.history.series(quantity);
    ASSERT_EQ(have.size(), want.size()) << info(quantity).name;
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(have[i].step, want[i].step);
      EXPECT_EQ(have[i].value, want[i].value);
      EXPECT_EQ(have[i].error, want[i].error);
    }
    const auto stored = StoreReader(folder.path / "halves/run.sqlite").readings(quantity, kWholeModel);
    EXPECT_EQ(stored.size(), want.size()) << "each once: " << info(quantity).name;
  }
}

// The catalogue lists what is measured: the end of the run is read, too.
TEST(Training, TheEndOfTheRunIsRead) {
  const Folder folder;
  const auto outcome = small_runs::train(small_runs::recipe(small_runs::network("tanh_mlp"), folder.path),
                                         folder.path / "run", {"data.validation=0.2"});
  const StoreReader store(folder.path / "run/run.sqlite");
  const auto last = [&](Quantity quantity) {
    const auto readings = store.readings(quantity, kWholeModel);
    EXPECT_EQ(readings.size(), 1U) << info(quantity).name;
    return readings.empty() ? Reading{} : readings.back();
  };
  EXPECT_EQ(last(Quantity::train_loss).value, outcome.result.train_loss);
  EXPECT_EQ(last(Quantity::train_loss).step, outcome.result.step);
  EXPECT_EQ(last(Quantity::train_metric).value, outcome.result.metrics.at(1).interval.value);
  EXPECT_GE(last(Quantity::relative_gradient_norm).value, 0.0);
  EXPECT_GT(last(Quantity::train_loss).error, 0.0F);
}

// A kill may leave a folder whose store was not one yet.
TEST(Training, ARunKilledBeforeItBeganBeginsAnew) {
  const Folder folder;
  const std::string text = small_runs::recipe(small_runs::networks().front(), folder.path);
  small_runs::train(text, folder.path / "whole");
  create_run_folder(folder.path / "run", file_bytes(folder.path / "whole/recipe.toml"));
  std::ofstream(folder.path / "run/run.sqlite") << "";
  small_runs::resume(folder.path / "run");
  EXPECT_EQ(model_of(folder.path / "run"), model_of(folder.path / "whole"));
}

TEST(Training, RestoreBestReportsTheBestEvaluation) {
  const Folder folder;
  const auto outcome =
      small_runs::train(small_runs::recipe(small_runs::network("tanh_mlp"), folder.path), folder.path / "run",
                        {"stop.restore_best=true", "stop.evaluate_every=1", "optimizer.kind=\"sgd\"",
                         "optimizer.lr=2.0", "metric.kinds=[\"loss\"]", "stop.steps=12"});
  double best = 1e300;
  for (const Evaluation& e : StoreReader(folder.path / "run/run.sqlite").evaluations())
    best = std::min(best, e.heldout_loss.value);
  EXPECT_NEAR(outcome.result.heldout_loss.value, best, 1e-6);
}

}  // namespace
}  // namespace thalweg
