// Runs that stand still, sick and healthy, trained as any other: each is told for what it is. Seeds that no limit was
// set on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "tests/train/small_runs.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using small_runs::Folder;
using testing::HasSubstr;

struct Case {
  std::string name;
  std::string wanted;  // the code that comes first; "" for none of the three
  std::string data, model, rest;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

constexpr char kBlobs[] = "kind = \"blobs\"\nsamples = 1000\nclasses = 4\nnoise = 0.3\n";
constexpr char kXor[] = "kind = \"xor\"\nsamples = 1000\nnoise = 0.2\n";
constexpr char kNoSignal[] = "kind = \"blobs\"\nsamples = 4000\nclasses = 3\nnoise = 50.0\n";
constexpr char kOverlap[] = "kind = \"blobs\"\nsamples = 4000\nclasses = 3\nnoise = 1.0\n";
constexpr char kTable[] =
    "kind = \"regression\"\nsamples = 1000\nfeatures = 8\nnoise = 0.3\ntarget_scaling = \"standardize\"\n";

std::string recipe_of(const Case& c, int seed) {
  return "seed = " + std::to_string(seed) + "\nthreads = 1\n[data]\nformat = \"synthetic\"\n" + c.data +
         "validation = 0.0\ntest = 0.0\n[batch]\nsize = 64\n[model]\n" + c.model + "\n" + c.rest;
}

const std::string kTanh =
    R"(layers = [{type="linear", units=16, activation="tanh"}, {type="linear", units="classes"}])";
const std::string kSgd = "[optimizer]\nkind = \"sgd\"\nlr = 0.1\n[stop]\nsteps = 800\nevaluate_every = 400\n";
const std::string kZeros = "[model.init]\nkind = \"zeros\"\nbias = \"zeros\"\n";

class StandingRuns : public testing::TestWithParam<Case> {};

TEST_P(StandingRuns, AreToldForWhatTheyAre) {
  const Folder folder;
  for (const int seed : {11, 12}) {
    const auto run = small_runs::train(recipe_of(GetParam(), seed), folder.path / std::to_string(seed));
    const Judgement& judgement = run.result.judgement;
    std::string first;
    std::vector<std::string> roots;  // what it follows from: weights at zero, dead units
    for (const Finding& f : judgement.findings) {
      if (f.code != "saddle_point" && f.code != "plateau" && f.code != "local_minimum") continue;
      first = f.code;
      roots = f.causes;
    }
    EXPECT_EQ(first, GetParam().wanted) << "seed " << seed << ": " << judgement.reason;
    roots.push_back(first);
    if (!first.empty()) EXPECT_THAT(roots, testing::Contains(judgement.findings.front().code));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , StandingRuns,
    testing::Values(Case{"zeros", "saddle_point", kBlobs, kTanh, kZeros + kSgd},
                    Case{"dead_units", "plateau", kBlobs,
                         R"(layers = [{type="linear", units=16, activation="relu", init={bias="constant", value=-50.0}},
                {type="linear", units="classes"}])",
                         kSgd},
                    Case{"a_line_cannot_tell_xor", "local_minimum", kXor,
                         R"(layers = [{type="linear", units="classes"}])", kSgd},
                    Case{"finished", "", kBlobs, kTanh, kSgd}, Case{"labels_overlap", "", kOverlap, kTanh, kSgd},
                    Case{"no_signal", "", kNoSignal, kTanh, kSgd},
                    Case{"hovering", "", kOverlap, kTanh,
                         "[optimizer]\nkind = \"sgd\"\nlr = 1.0\n[stop]\nsteps = 800\nevaluate_every = 400\n"},
                    Case{"noise_floor", "", kTable,
                         R"(layers = [{type="linear", units=16, activation="tanh"}, {type="linear", units=1}])",
                         "[loss]\nkind = \"mse\"\n" + kSgd}),
    [](const auto& info) { return info.param.name; });

Case zeros(const std::string& model) { return {"zeros", "", kBlobs, model, kZeros + kSgd}; }

std::set<std::int64_t> steps_looked_at(const std::filesystem::path& run) {
  std::set<std::int64_t> steps;
  for (const Reading& r : StoreReader(run / "run.sqlite").readings(Quantity::gradient_norm, kWholeModel)) {
    steps.insert(r.step);
  }
  return steps;
}

// Looked at on the way, with dropout's random stream and the running statistics of batch norm in use, the run stays
// bit for bit what it is unwatched.
TEST(Standpoint, LookedAtOnTheWayChangesNoBit) {
  for (const std::string model :
       {R"(layers = [{type="linear", units=16, activation="tanh"}, {type="dropout", p=0.3}, {type="linear", units=4}])",
        R"(layers = [{type="linear", units=16}, {type="batch_norm", activation="relu"}, {type="linear", units=4}])"}) {
    const Folder folder;
    const std::string text = recipe_of(zeros(model), 7);
    const auto model_of = [&](const std::string& run) {
      return std::hash<std::string>{}(small_runs::file_bytes(folder.path / run / "checkpoint/last/model.safetensors"));
    };
    small_runs::train(text, folder.path / "off", {"watch.instruments=[\"none\"]"});
    small_runs::train(text, folder.path / "on",
                      {"watch.instruments=[\"step_norms\",\"standpoint\"]", "watch.cadence=1"});
    EXPECT_GE(steps_looked_at(folder.path / "on").size(), 2U);
    EXPECT_EQ(model_of("off"), model_of("on"));
  }
}

TEST(Standpoint, IsLeftOutWhereTheBudgetLeavesNothingButNotAtTheEndOfARunThatStands) {
  const Folder folder;
  small_runs::train(recipe_of(zeros(kTanh), 7), folder.path / "stands", {"watch.budget=1e-9"});
  EXPECT_EQ(steps_looked_at(folder.path / "stands"), std::set<std::int64_t>{800});
  small_runs::train(recipe_of({"finished", "", kBlobs, kTanh, kSgd}, 7), folder.path / "moves", {"watch.budget=1e-9"});
  EXPECT_EQ(steps_looked_at(folder.path / "moves"), std::set<std::int64_t>{});
}

// Weights that do not move: the look's larger batches and pairs of steps tell of the same noise.
TEST(Standpoint, SaysHowNoisyAStepIsWhereNobodyElseDid) {
  const Folder folder;
  const Case still{"still", "", kOverlap, kTanh,
                   "[optimizer]\nkind = \"sgd\"\nlr = 1e-9\n[stop]\nsteps = 400\nevaluate_every = 400\n"};
  const auto last = [&](const std::string& run, const std::string& instrument, Quantity quantity) {
    if (!std::filesystem::exists(folder.path / run)) {
      small_runs::train(recipe_of(still, 13), folder.path / run,
                        {"watch.instruments=[\"" + instrument + "\"]", "watch.cadence=5"});
    }
    const auto readings = StoreReader(folder.path / run / "run.sqlite").readings(quantity, kWholeModel);
    return readings.empty() ? Reading{.value = -1.0} : readings.back();
  };
  const Reading pairs = last("pairs", "noise_pairs", Quantity::gradient_variance);
  const Reading look = last("look", "standpoint", Quantity::gradient_variance);
  EXPECT_NEAR(look.value, pairs.value, 0.5 * pairs.value);  // eight batches tell a variance to some 20%
  const Reading noise = last("look", "standpoint", Quantity::gradient_noise);
  EXPECT_NEAR(look.value, noise.value * noise.value * 8.0 * 256.0 / 64.0, 1e-6 * look.value);
  const Reading signal = last("look", "standpoint", Quantity::gradient_signal);
  const Reading other = last("pairs", "noise_pairs", Quantity::gradient_signal);
  EXPECT_NEAR(signal.value, other.value, 2.0 * static_cast<double>(signal.error + other.error));
}

TEST(Standpoint, WhatItTookIsCountedAndWhereItIsOffTheVerdictSaysWhatTells) {
  const Folder folder;
  const auto on = small_runs::train(recipe_of(zeros(kTanh), 7), folder.path / "on");
  EXPECT_GT(on.result.overhead_by_instrument.at("standpoint"), 0.0);
  // Of zero weights the start alone tells: a run is asked that nothing else accuses.
  const Case line{"line", "", kXor, R"(layers = [{type="linear", units="classes"}])", kSgd};
  const auto off = small_runs::train(recipe_of(line, 7), folder.path / "off", {"watch.instruments=[\"step_norms\"]"});
  EXPECT_EQ(off.result.judgement.verdict, Verdict::cannot_tell);
  EXPECT_THAT(off.result.judgement.reason, HasSubstr("thalweg survey"));
}

}  // namespace
}  // namespace thalweg
