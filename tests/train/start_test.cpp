// A network at its start: what is measured leaves no trace, and lsuv starts the same each time, resumed or not.
#include "thalweg/train/start.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "tests/train/small_runs.h"
#include "thalweg/train/preflight.h"
#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

using small_runs::Folder;
using testing::HasSubstr;

recipe::Recipe recipe_of(const small_runs::Network& network, const Folder& folder,
                         const std::vector<std::string>& set = {}) {
  return recipe::parse_text(small_runs::recipe(network, folder.path), "small.toml", folder.path, set);
}

const std::vector<std::string> kLsuv{"model.init.kind=\"lsuv\""};

class EveryStart : public testing::TestWithParam<small_runs::Network> {};

TEST_P(EveryStart, IsMeasuredWithoutATrace) {
  const Folder folder;
  Workbench bench(recipe_of(GetParam(), folder));
  const auto everything = [&] {
    std::vector<at::Tensor> all{random_state()};
    for (const auto& [name, p] : bench.network->parameters()) all.push_back(p.detach().clone());
    for (const auto& [name, b] : bench.network->buffers()) all.push_back(b.clone());
    return all;
  };
  const auto before = everything();
  const Start start = measure_start(bench, *bench.network, bench.objective, {.update = true});
  const auto after = everything();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i].equal(after[i])) << i;
  for (const at::Tensor& p : bench.parameters) EXPECT_FALSE(p.grad().defined());
  EXPECT_TRUE(std::isfinite(start.loss));
  for (const WeightsAtStart& layer : start.weights) {
    EXPECT_GT(layer.spectral_scale, 0.0) << layer.layer;
    EXPECT_FALSE(layer.symmetric > 0.0) << layer.layer;
  }
}

TEST_P(EveryStart, ByLsuvHasTheSameBitsEachTimeAndTrainsOnWhenResumed) {
  const Folder folder;
  const Workbench bench(recipe_of(GetParam(), folder, kLsuv));
  const auto again = bench.fresh_network();
  for (std::size_t i = 0; i < again->parameters().size(); ++i) {
    EXPECT_TRUE(again->parameters()[i].second.equal(bench.network->parameters()[i].second));
  }
  const std::string text = small_runs::recipe(GetParam(), folder.path);
  const auto set = [](std::vector<std::string> more) {
    more.insert(more.end(), kLsuv.begin(), kLsuv.end());
    return more;
  };
  small_runs::train(text, folder.path / "whole", set({}));
  small_runs::train(text, folder.path / "halves", set({"stop.steps=4"}));
  small_runs::resume(folder.path / "halves", {"stop.steps=" + std::to_string(small_runs::kSteps)});
  const auto model = [&](const char* run) {
    return small_runs::file_bytes(folder.path / run / "checkpoint/last/model.safetensors");
  };
  EXPECT_EQ(model("whole"), model("halves"));
}

// The presets by their own initialisers: no finding of the start.
TEST_P(EveryStart, OfAStandardNetworkIsClean) {
  const Folder folder;
  const Preflight found = preflight(recipe_of(GetParam(), folder));
  for (const Finding& f : found.judgement.findings) {
    EXPECT_THAT(f.code, testing::Not(HasSubstr("initialization"))) << f.message;
  }
  EXPECT_TRUE(found.tried.empty());
}

INSTANTIATE_TEST_SUITE_P(, EveryStart, testing::ValuesIn(small_runs::networks()),
                         [](const auto& info) { return info.param.name; });

std::string deep(int layers, const std::string& init) {
  std::string text =
      "seed = 5\nthreads = 1\n[data]\nformat = \"synthetic\"\nkind = \"blobs\"\nsamples = 300\nfeatures = "
      "10\nclasses = 3\nnoise = 0.5\nvalidation = 0.0\ntest = 0.0\n[model]\nlayers = [";
  for (int i = 0; i < layers; ++i) text += "{type=\"linear\", units=24, activation=\"tanh\"}, ";
  return text + "{type=\"linear\", units=\"classes\"}]\n[model.init]\n" + init +
         "\n[optimizer]\nkind = \"sgd\"\nlr = 0.05\n[stop]\nsteps = 20\n";
}

TEST(StartStages, AreToldAsTheyBegin) {
  const Folder folder;
  std::vector<std::string> stages;
  const auto hear = [&](std::string_view words) { stages.emplace_back(words); };
  preflight(recipe::parse_text(deep(30, "kind = \"default\""), "deep.toml", folder.path), hear);
  EXPECT_THAT(stages,
              testing::ElementsAre("reading the data", "following the signal", "searching the first learning rate",
                                   "fitting one batch", "trying other starts"));
}

struct Sick {
  std::string name, wanted, text;
};

// Data, widths and seed that no limit was set on.
TEST(StartFindings, NameWhatIsWrongBeforeTheFirstStep) {
  const Folder folder;
  const std::string zeros = "kind = \"zeros\"\nbias = \"zeros\"";
  for (const Sick& sick :
       {Sick{"zeros", "symmetric_initialization", deep(1, zeros)},
        Sick{"constant", "symmetric_initialization", deep(2, "kind = \"constant\"\nvalue = 0.2\nbias = \"zeros\"")},
        Sick{"deep default", "bad_initialization", deep(30, "kind = \"default\"")},
        Sick{"faint", "bad_initialization", deep(8, "kind = \"normal\"\nstd = 0.01\nbias = \"zeros\"")},
        Sick{"loud", "bad_initialization", deep(2, "kind = \"normal\"\nstd = 20.0")}}) {
    const Preflight found = preflight(recipe::parse_text(sick.text, "sick.toml", folder.path));
    ASSERT_FALSE(found.judgement.findings.empty()) << sick.name;
    EXPECT_EQ(found.judgement.findings.front().code, sick.wanted) << sick.name;
    EXPECT_EQ(found.judgement.findings.front().severity, Severity::fault) << sick.name;
    EXPECT_GE(found.recommended, 0) << sick.name << ": another start is nearer to keeping the signal";
  }
}

TEST(StartFindings, AreSilentWhereTheSameDepthStartsWell) {
  const Folder folder;
  for (const char* init : {"kind = \"orthogonal\"", "kind = \"lsuv\"", "kind = \"glorot_normal\""}) {
    const Preflight found = preflight(recipe::parse_text(deep(30, init), "deep.toml", folder.path));
    for (const Finding& f : found.judgement.findings) {
      EXPECT_THAT(f.code, testing::Not(HasSubstr("initialization"))) << init << ": " << f.message;
    }
  }
}

TEST(StartFindings, AreTheSameInARun) {
  const Folder folder;
  const auto run = small_runs::train(deep(30, "kind = \"default\""), folder.path / "run");
  ASSERT_FALSE(run.result.judgement.findings.empty());
  EXPECT_EQ(run.result.judgement.findings.front().code, "bad_initialization");
}

}  // namespace
}  // namespace thalweg
