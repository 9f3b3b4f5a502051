// thalweg check, the further parts of thalweg survey, and thalweg fold, as a person or a script calls them.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "command_folder.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kData = R"(threads = 1
[data]
format = "synthetic"
samples = 400
test = 0.2
validation = 0.0
)";

class PartsCommand : public CommandFolder<PartsCommand> {
 protected:
  static void SetUpTestSuite() {
    open();
    std::ofstream(folder() / "normed.toml") << kData << R"(kind = "blobs"
features = 6
classes = 3
[model]
layers = [{type="linear", units=12, activation="tanh"}, {type="linear", units=12}, {type="batch_norm", activation="relu"}, {type="linear", units="classes"}]
[stop]
steps = 40
)";
    std::ofstream(folder() / "memory.toml") << kData << R"(kind = "adding"
features = 12
[model]
layers = [{type="rnn", units=8}, {type="linear", units=1}]
[loss]
kind = "mse"
[metric]
kind = "rmse"
[stop]
steps = 40
)";
    for (const char* name : {"normed", "memory"}) prepare(std::string("train ") + name + ".toml --quiet --out " + name);
  }
};

// ------------------------------------------------------------------------------------------------------------- check

TEST_F(PartsCommand, CheckOfAHealthyStartDrawsItAndNamesARate) {
  const Said said = thalweg("check normed.toml");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("one batch"), HasSubstr("rate      "), HasSubstr("spread"),
                              HasSubstr("rearranged in at least 2^"), Not(HasSubstr("bad_initialization"))));
}

TEST_F(PartsCommand, CheckNamesASickStartAndAnotherThatMendsIt) {
  const Said said =
      thalweg("check normed.toml --set model.init.kind=zeros --set model.init.bias=zeros --json --fail-on fault");
  EXPECT_EQ(said.code, 1) << said.err;
  const json document = json::parse(said.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["findings"][0]["code"], "symmetric_initialization");
  EXPECT_GT(document["tried_starts"].size(), 1U);
  // 12! orders of either hidden layer; 12 signs of the tanh, and 12 between the linear layer and its norm
  EXPECT_NEAR(document["symmetry_bits"].get<double>(), 2.0 * std::lgamma(13.0) / std::log(2.0) + 24.0, 1e-9);
}

// ------------------------------------------------------------------------------------------------------------ survey

TEST_F(PartsCommand, SurveySaysSignalAndCouplingInTheSameDocument) {
  const Said said = thalweg("survey normed --signal --coupling --json --quiet");
  ASSERT_EQ(said.code, 0) << said.err;
  const json document = json::parse(said.out);
  EXPECT_TRUE(document.contains("eigenvalues"));
  const json& layers = document["signal"]["layers"];
  ASSERT_GE(layers.size(), 3U);
  EXPECT_GT(layers[0]["activation_rms"].get<double>(), 0.0);
  const double share = document["coupling"]["coupling_share"].get<double>();
  EXPECT_TRUE(share > 0.0 && share < 1.0) << share;
  EXPECT_TRUE(fs::exists(folder() / "normed" / "coupling.svg"));
}

TEST_F(PartsCommand, SurveyDrawsTheSignalForAPerson) {
  const Said said = thalweg("survey normed --signal --quiet");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("linear1"), HasSubstr("batch_norm1")));
}

TEST_F(PartsCommand, SurveySaysWhatARecurrentLayerMakesOfThePast) {
  const Said said = thalweg("survey memory --time --json --quiet");
  ASSERT_EQ(said.code, 0) << said.err;
  const json layer = json::parse(said.out)["time"][0];
  EXPECT_EQ(layer["layer"], "rnn1");
  EXPECT_TRUE(fs::exists(folder() / "memory" / "time-rnn1.svg"));
}

// -------------------------------------------------------------------------------------------------------------- fold

TEST_F(PartsCommand, FoldTakesTheNormAwayAndSaysByHowMuchOutputsDiffer) {
  const Said said = thalweg("fold normed --out folded --json");
  ASSERT_EQ(said.code, 0) << said.err;
  const json document = json::parse(said.out);
  EXPECT_EQ(document["folded"][0], "batch_norm1");
  EXPECT_LT(document["difference"].get<double>(), 1e-4 * document["largest"].get<double>());
  EXPECT_THAT(read_file(folder() / "folded" / "recipe.toml"), Not(HasSubstr("batch_norm")));
}

TEST_F(PartsCommand, FoldOfANetworkWithoutNormsIsRefused) {
  const Said said = thalweg("fold memory");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("nothing to fold"));
}

}  // namespace
}  // namespace thalweg::cli
