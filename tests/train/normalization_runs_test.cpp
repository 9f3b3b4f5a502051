// Runs with batch norms, sick and healthy, trained as any other: each is told for what it is. Made-up data and seeds
// that no limit was set on (tools/normalization_limits.py: Fashion-MNIST, seed 0).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/train/small_runs.h"

namespace thalweg {
namespace {

using small_runs::Folder;

struct Case {
  std::string name;
  std::string fault, warning;  // of the checks of normalisation; "" for none; the same twice: either
  std::string norm, rest;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string recipe_of(const Case& c, int seed) {
  const std::string norm = "{ type = \"batch_norm\", activation = \"tanh\"" + c.norm + " }";
  return "seed = " + std::to_string(seed) +
         "\nthreads = 1\n[data]\nformat = \"synthetic\"\nkind = \"blobs\"\nsamples = 1200\nfeatures = 12\nclasses = 4\n"
         "noise = 0.5\n[model]\nlayers = [{ type = \"linear\", units = 24 }, " +
         norm + ", { type = \"linear\", units = 24 }, " + norm + ", { type = \"linear\", units = \"classes\" }]\n" +
         c.rest;
}

std::string rest(int batch, int epochs, const std::string& more = "") {
  return more + "[batch]\nsize = " + std::to_string(batch) +
         "\n[optimizer]\nkind = \"sgd\"\nlr = 0.05\n[stop]\nepochs = " + std::to_string(epochs) +
         "\n[watch]\ncadence = 8\ninstruments = [\"step_norms\", \"normalization\"]\n";
}

class NormalizationRuns : public testing::TestWithParam<Case> {};

TEST_P(NormalizationRuns, AreToldForWhatTheyAre) {
  const Folder folder;
  for (const int seed : {21, 22}) {
    const auto run = small_runs::train(recipe_of(GetParam(), seed), folder.path / std::to_string(seed));
    std::vector<std::string> faults, warnings;
    for (const Finding& f : run.result.judgement.findings) {
      if (f.code.starts_with("normalization")) (f.severity == Severity::fault ? faults : warnings).push_back(f.code);
    }
    const auto first = [](const std::vector<std::string>& codes) { return codes.empty() ? "" : codes.front(); };
    if (GetParam().fault == GetParam().warning && !GetParam().fault.empty()) {
      EXPECT_EQ(first(faults.empty() ? warnings : faults), GetParam().fault) << "seed " << seed;
      continue;
    }
    EXPECT_EQ(first(faults), GetParam().fault) << "seed " << seed;
    if (GetParam().fault.empty()) {
      EXPECT_EQ(first(warnings), GetParam().warning) << "seed " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    , NormalizationRuns,
    testing::Values(Case{"healthy", "", "", "", rest(32, 4)}, Case{"healthy_large_batch", "", "", "", rest(128, 10)},
                    Case{"stale", "normalization_stale", "", ", momentum = 0.001", rest(32, 4)},
                    Case{"precise", "", "", ", momentum = 0.001", "statistics = \"precise\"\n" + rest(32, 4)},
                    Case{"two_rows", "normalization_small_batch", "normalization_small_batch", "", rest(2, 3)},
                    Case{"rows_axis", "", "normalization_wrong_axis", ", axis = 0", rest(32, 4)}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace thalweg
