// Deep networks, and networks of dead and of saturated units, trained as any other: each is told for what it is, and
// healthy ones of the same kind are not accused. Data, networks and seeds that no limit was set on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/train/small_runs.h"

namespace thalweg {
namespace {

using small_runs::Folder;

struct Case {
  std::string name;
  std::string wanted;  // a code that must be among the faults; "": no fault of depth or units
  std::string model, init, rest;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string layers(int depth, const std::string& activation, int units = 32) {
  std::string text = "layers = [";
  for (int l = 0; l < depth; ++l)
    text += "{type=\"linear\", units=" + std::to_string(units) + ", activation=\"" + activation + "\"}, ";
  return text + "{type=\"linear\", units=\"classes\"}]\n";
}

std::string init(double std) {
  return "[model.init]\nkind = \"normal\"\nbias = \"zeros\"\nstd = " + std::to_string(std) + "\n";
}

std::string recipe_of(const Case& c, int seed) {
  return "seed = " + std::to_string(seed) +
         "\nthreads = 1\n[data]\nformat = \"synthetic\"\nkind = \"blobs\"\nsamples = 2000\nclasses = 4\nnoise = 0.3\n"
         "validation = 0.0\ntest = 0.0\n[batch]\nsize = 128\n[watch]\ninstruments = [\"step_norms\", \"signal\", "
         "\"units\"]\ncadence = 5\n[model]\n" +
         c.model + c.init + c.rest + "[stop]\nsteps = 400\nevaluate_every = 400\n";
}

const std::string kSgd = "[optimizer]\nkind = \"sgd\"\nlr = 0.05\n";

class DepthRuns : public testing::TestWithParam<Case> {};

TEST_P(DepthRuns, AreToldForWhatTheyAre) {
  const Folder folder;
  for (const int seed : {21, 22}) {
    const auto run = small_runs::train(recipe_of(GetParam(), seed), folder.path / std::to_string(seed));
    std::vector<std::string> faults;
    for (const Finding& f : run.result.judgement.findings) {
      const bool ours = f.code == "vanishing_gradient" || f.code == "exploding_gradient" || f.code == "dead_units" ||
                        f.code == "saturated_units";
      if (ours && f.severity == Severity::fault) faults.push_back(f.code);
    }
    if (GetParam().wanted.empty()) {
      EXPECT_THAT(faults, testing::IsEmpty()) << "seed " << seed;
    } else {
      EXPECT_THAT(faults, testing::Contains(GetParam().wanted)) << "seed " << seed;
    }
  }
}

// N(0, std²) on 32 units: σ_w = std · √32.
INSTANTIATE_TEST_SUITE_P(
    , DepthRuns,
    testing::Values(
        Case{"tanh_shrinking", "vanishing_gradient", layers(14, "tanh"), init(0.08), kSgd},
        Case{"tanh_chaotic", "saturated_units", layers(24, "tanh"), init(0.8), kSgd},
        Case{"relu_biases_too_low", "dead_units", layers(2, "relu"),
             "[model.init]\nbias = \"constant\"\nvalue = -40.0\n", kSgd},
        Case{"tanh_shallow_is_healthy", "", layers(2, "tanh"), init(0.18), kSgd},
        Case{"tanh_deep_and_critical_is_healthy", "", layers(14, "tanh"), init(0.18), kSgd},
        Case{"relu_deep_he_is_healthy", "", layers(10, "relu"),
             "[model.init]\nkind = \"he_normal\"\nbias = \"zeros\"\n", kSgd},
        Case{"default_adam_is_healthy", "", layers(6, "relu"), "", "[optimizer]\nkind = \"adam\"\nlr = 0.003\n"},
        Case{"sigmoid_is_healthy", "", layers(1, "sigmoid"), "", "[optimizer]\nkind = \"adam\"\nlr = 0.01\n"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace thalweg
