// thalweg check, the further parts of thalweg survey, and thalweg fold, as a person or a script calls them.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <algorithm>
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

TEST_F(PartsCommand, CheckSaysHowFarBackARecurrentStartReaches) {
  const Said said = thalweg("check memory.toml --json");
  ASSERT_EQ(said.code, 0) << said.err;
  const json layer = json::parse(said.out)["time"][0];
  prepare("train memory.toml --quiet --set stop.steps=1 --out dumped --dump dump");
  const std::string survey = "survey dump/initial.safetensors --recipe memory.toml --only time --json";
  const json before = json::parse(thalweg(survey).out)["time"][0];
  EXPECT_EQ(layer["radius"], before["radius"]) << "of the weights alone: the same before the first step";
  EXPECT_EQ(layer["steps"], 12);
  EXPECT_EQ(layer["exponents"].size(), 1U);
  const std::string text = thalweg("check memory.toml").out;
  EXPECT_THAT(text, AllOf(HasSubstr("In time, at the start"), HasSubstr("rnn1, rnn of 8 units"), HasSubstr("W_hh"),
                          HasSubstr("no verdict")));
}

// An orthogonal W has radius 1: closed form. The gradient of the rnn then shrinks by the slope of the tanh alone.
TEST_F(PartsCommand, CheckOfAnOrthogonalRecurrentStartHasRadiusOne) {
  const Said said = thalweg(
      "check memory.toml --json --set model.layers='[{type=\"rnn\", units=8, init={kind=\"orthogonal\"}}, "
      "{type=\"linear\", units=1}]'");
  ASSERT_EQ(said.code, 0) << said.err;
  const json layer = json::parse(said.out)["time"][0];
  EXPECT_NEAR(layer["radius"].get<double>(), 1.0, 1e-5);
  const double exponent = layer["exponents"][0]["value"].get<double>();
  EXPECT_TRUE(exponent < 0.0 && exponent > -0.7) << exponent;
}

TEST_F(PartsCommand, CheckOfANetworkWithoutMemorySaysNothingOfTime) {
  EXPECT_FALSE(json::parse(thalweg("check normed.toml --json").out).contains("time"));
  EXPECT_THAT(thalweg("check normed.toml").out, Not(HasSubstr("In time")));
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

TEST_F(PartsCommand, SurveyOfPartsAloneLeavesTheLandscapeOut) {
  const Said said = thalweg("survey normed --only coupling,signal --json --quiet");
  ASSERT_EQ(said.code, 0) << said.err;
  const json document = json::parse(said.out), whole = json::parse(thalweg("survey normed --json --quiet").out);
  for (const char* key : {"schema", "subject", "parameters", "batches", "rows"}) EXPECT_EQ(document[key], whole[key]);
  for (const char* key : {"eigenvalues", "verdict", "gradient", "trace", "time"}) {
    EXPECT_FALSE(document.contains(key)) << key;
  }
  EXPECT_GT(document["cost"]["seconds"].get<double>(), 0.0);
  const json also = json::parse(thalweg("survey normed --coupling --signal --json --quiet").out);
  EXPECT_EQ(document["coupling"]["coupling_share"], also["coupling"]["coupling_share"]) << "the same part";
  EXPECT_EQ(document["signal"]["layers"], also["signal"]["layers"]);
}

TEST_F(PartsCommand, SurveyOfOnePartTellsAPersonThatAlone) {
  const Said said = thalweg("survey memory --only time");
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("memory, step 40"), HasSubstr("In time"), HasSubstr("time-rnn1.svg"),
                              Not(HasSubstr("Curvature")), Not(HasSubstr("Verdict"))));
  EXPECT_THAT(said.err, Not(HasSubstr("memory: graphs"))) << "no Hessian was planned";
}

TEST_F(PartsCommand, SurveyOfPartsAloneTakesNoOptionOfTheHessian) {
  const Said both = thalweg("survey normed --only signal --density");
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, AllOf(HasSubstr("--only"), HasSubstr("--density")));
  const Said other = thalweg("survey normed --only hessian");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("hessian"));
}

// ------------------------------------------------------------------------------- a folder that cannot be written into

// One line that says why, nothing of the work begun: the first thing that work says is that it reads the data.
void expect_refused(const Said& said, const std::string& why) {
  EXPECT_EQ(said.code, 4);
  EXPECT_EQ(said.out, "");
  EXPECT_THAT(said.err, AllOf(::testing::StartsWith("thalweg: cannot write into '"), HasSubstr(why)));
  EXPECT_EQ(std::ranges::count(said.err, '\n'), 1) << said.err;
}

TEST_F(PartsCommand, WhatCannotBeWrittenIsRefusedBeforeTheWork) {
  std::ofstream(folder() / "file") << "text";
  for (const char* command : {"survey normed --density", "survey normed", "survey normed --only signal",
                              "connect normed normed", "fold normed"}) {
    expect_refused(thalweg(std::string(command) + " --out file/further/below"), "Not a directory");
    expect_refused(thalweg(std::string(command) + " --out /proc/thalweg/below"), "No such file or directory");
  }
}

TEST_F(PartsCommand, AFullDiskIsToldBeforeTheWork) {
  const fs::path full = folder() / "full";
  fs::create_directory(full);
  if (mount("none", full.c_str(), "tmpfs", 0, "size=512k") != 0) GTEST_SKIP() << "mounting needs rights";
  for (const char* command : {"survey normed --slices", "connect normed normed", "fold normed"}) {
    expect_refused(thalweg(std::string(command) + " --out full/below"), "No space left");
  }
  EXPECT_TRUE(fs::is_empty(full));
  umount(full.c_str());
}

TEST_F(PartsCommand, TrainOfSeveralSeedsIsRefusedBeforeTheFirstWhereTheFolderOfAnyIsTaken) {
  prepare("train normed.toml --quiet --set stop.steps=1 --set seed=5 --out seeds-5");
  const Said said = thalweg("train normed.toml --quiet --set stop.steps=1 --set seed=4 --seeds 2 --out seeds");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("seeds-5 holds a run already"));
  EXPECT_FALSE(fs::exists(folder() / "seeds-4"));
}

TEST_F(PartsCommand, SurveyThatDrawsNothingNeedsNoFolder) {
  fs::create_directory(folder() / "file.d");
  fs::copy(folder() / "normed/checkpoint/last/model.safetensors", folder() / "file.d/model.safetensors");
  EXPECT_EQ(thalweg("survey file.d/model.safetensors --recipe normed.toml --quiet").code, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder() / "file.d"), {}), 1);
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

TEST_F(PartsCommand, FoldOfANetworkWithoutNormsIsRefusedAndLeavesNothing) {
  const Said said = thalweg("fold memory");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("nothing to fold"));
  for (const auto& entry : fs::directory_iterator(folder() / "memory")) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("folded")));
  }
}

TEST_F(PartsCommand, FoldMayBeRepeatedButDoesNotTakeTheRunsOwnPlace) {
  EXPECT_EQ(thalweg("fold normed").code, 0);
  EXPECT_EQ(thalweg("fold normed").code, 0);
  EXPECT_EQ(thalweg("survey normed/folded --only signal --quiet").code, 0);
  const std::string recipe = read_file(folder() / "normed/recipe.toml");
  const Said said = thalweg("fold normed --out normed");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("holds other files"));
  EXPECT_EQ(read_file(folder() / "normed/recipe.toml"), recipe);
}

}  // namespace
}  // namespace thalweg::cli
