// Recurrent networks, sick and healthy, trained as any other: each is told for what it is. Seeds that no limit was set
// on, a look at every 25th step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/train/small_runs.h"

namespace thalweg {
namespace {

using small_runs::Folder;

struct Case {
  std::string name;
  std::string wanted;  // of the two findings in time, the one that is a fault; "" for none
  int length;          // of the adding problem
  std::string layer;   // TOML, of the recurrent layer
  double rate;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string recipe_of(const Case& c, int seed) {
  return "seed = " + std::to_string(seed) +
         "\nthreads = 1\n[data]\nformat = \"synthetic\"\nkind = \"adding\"\nsamples = 2000\nfeatures = " +
         std::to_string(c.length) +
         "\ntarget_scaling = \"standardize\"\nvalidation = 0.0\ntest = 0.0\n[batch]\nsize = 32\n[model]\nlayers = [{" +
         c.layer + "}, {type=\"linear\", units=1}]\n[loss]\nkind = \"mse\"\n[optimizer]\nkind = \"adam\"\nlr = " +
         std::to_string(c.rate) +
         "\n[stop]\nsteps = 300\nevaluate_every = 300\n[watch]\ncadence = 25\ninstruments = [\"step_norms\", "
         "\"recurrence\"]\n";
}

class TimeRuns : public testing::TestWithParam<Case> {};

TEST_P(TimeRuns, AreToldForWhatTheyAre) {
  const Folder folder;
  for (const int seed : {11, 12}) {
    const auto run = small_runs::train(recipe_of(GetParam(), seed), folder.path / std::to_string(seed));
    std::vector<std::string> faults;
    for (const Finding& f : run.result.judgement.findings) {
      const bool in_time = f.code == "vanishing_gradient" || f.code == "exploding_gradient";
      if (!in_time || f.severity != Severity::fault) continue;
      faults.push_back(f.code);
      EXPECT_EQ(f.scope, "memory");
      EXPECT_FALSE(f.remedies.empty());
    }
    const std::vector<std::string> wanted{GetParam().wanted};
    EXPECT_EQ(faults, GetParam().wanted.empty() ? std::vector<std::string>{} : wanted)
        << "seed " << seed << ": " << run.result.judgement.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Adding, TimeRuns,
    testing::Values(Case{"forgets_at_once", "vanishing_gradient", 40,
                         R"(name="memory", type="rnn", units=24, init={kind="normal", std=0.02})", 2e-3},
                    Case{"explodes", "exploding_gradient", 50,
                         R"(name="memory", type="rnn", units=48, init={kind="normal", std=0.6, bias="zeros"})", 2e-3},
                    Case{"short_rnn", "", 6, R"(name="memory", type="rnn", units=24)", 1e-2},
                    Case{"short_gru", "", 8, R"(name="memory", type="gru", units=24)", 1e-2},
                    Case{"short_lstm", "", 8, R"(name="memory", type="lstm", units=24)", 1e-2},
                    Case{"identity", "", 40,
                         R"(name="memory", type="rnn", units=24, init={kind="identity", bias="zeros"})", 5e-4}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace thalweg
