// thalweg survey, as a person or a script calls it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "command_folder.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A small network, trained once for all tests in a folder of its own.
class SurveyCommand : public CommandFolder<SurveyCommand> {
 protected:
  static void SetUpTestSuite() {
    open();
    std::ofstream(folder() / "small.toml") << R"(name = "small"
seed = 3
threads = 1
[data]
format = "synthetic"
kind = "blobs"
samples = 6000
features = 6
classes = 3
noise = 1.0
test = 0.0
validation = 0.0
[batch]
size = 64
[model]
layers = [{type="linear", units=12, activation="tanh"}, {type="dropout", p=0.1}, {type="linear", units="classes"}]
[optimizer]
kind = "sgd"
lr = 0.1
momentum = 0.9
[stop]
steps = 20
)";
    trained() = prepare("train small.toml --out run --json").out;
  }
  static std::string& trained() {
    static std::string json;
    return json;
  }
};

TEST_F(SurveyCommand, IsWhatTrainNamesNext) {
  const auto next = nlohmann::json::parse(trained()).at("next");
  EXPECT_THAT(next.get<std::vector<std::string>>(), ::testing::Contains("thalweg survey run"));
}

TEST_F(SurveyCommand, PrintsTheFixedJson) {
  const Said said = thalweg("survey run --top 2 --bottom 2 --json");
  ASSERT_EQ(said.code, 0) << said.err;
  const auto json = nlohmann::json::parse(said.out);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["subject"], "run, step 20");
  EXPECT_EQ(json["parameters"], 6 * 12 + 12 + 12 * 3 + 3);
  EXPECT_GT(json["loss"], 0.0);
  EXPECT_GT(json["gradient_norm"], 0.0);
  EXPECT_TRUE(json["gHg"].is_number());
  ASSERT_EQ(json["eigenvalues"]["top"].size(), 2U);
  ASSERT_EQ(json["eigenvalues"]["bottom"].size(), 2U);
  for (const auto& e : json["eigenvalues"]["top"]) {
    EXPECT_LE(e["low"], e["value"]);
    EXPECT_GE(e["high"], e["value"]);
    EXPECT_GE(e["residual"], 0.0);
  }
  EXPECT_TRUE(json["trace"]["value"].is_number());
  EXPECT_TRUE(json["trace"]["stderr"].is_number());
  EXPECT_LE(json["index"]["lower"], json["index"]["upper"]);
  EXPECT_TRUE(json["index"]["confidence"].is_number());
  EXPECT_THAT((std::vector<std::string>{"saddle", "minimum", "not_critical", "cannot_tell"}),
              ::testing::Contains(json["verdict"].get<std::string>()));
  EXPECT_GT(json["cost"]["hvps"], 0);
  EXPECT_GT(json["cost"]["gradient_units"], 0.0);
  EXPECT_EQ(json["cross_fitted"].size(), 4U);
  EXPECT_EQ(json["cross_fitted"][0]["batches"], 8);
  EXPECT_EQ(json["stability"]["optimizer"], "heavy ball");
}

TEST_F(SurveyCommand, GivesTheSameAnswerTwice) {
  auto first = nlohmann::json::parse(thalweg("survey run --json").out);
  auto second = nlohmann::json::parse(thalweg("survey run --json").out);
  for (auto* json : {&first, &second}) json->erase("cost");
  EXPECT_EQ(first, second);
}

TEST_F(SurveyCommand, TellsAPersonTheVerdictFirst) {
  const Said said = thalweg("survey run --batches 2");
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_LT(said.out.find("Verdict"), said.out.find("Curvature"));
  EXPECT_THAT(said.err, HasSubstr("memory: graphs 2"));
  EXPECT_THAT(said.out, HasSubstr("λmax"));
}

TEST_F(SurveyCommand, DrawsIntoTheRunsFolder) {
  const Said said = thalweg("survey run --density --slices --layers --quiet");
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  for (const char* name :
       {"survey-density.svg", "survey-slice-top-eigenvector.svg", "survey-slice-update.svg", "survey-plane.svg"}) {
    EXPECT_TRUE(fs::exists(folder() / "run" / name)) << name;
  }
  EXPECT_THAT(said.out, AllOf(HasSubstr("Layers"), HasSubstr("Slices"), HasSubstr("Spectrum")));
}

TEST_F(SurveyCommand, TakesACheckpointAFileAndABatch) {
  EXPECT_EQ(thalweg("survey run/checkpoint/best --json").code, 0);
  const Said said = thalweg("survey run/checkpoint/last/model.safetensors --recipe small.toml --json");
  ASSERT_EQ(said.code, 0) << said.err;
  const auto of_file = nlohmann::json::parse(said.out),
             of_run = nlohmann::json::parse(thalweg("survey run --json").out);
  EXPECT_EQ(of_file["loss"], of_run["loss"]);
  EXPECT_EQ(of_file["eigenvalues"], of_run["eigenvalues"]);
}

TEST_F(SurveyCommand, RefusesInOneLineWithItsExitCode) {
  EXPECT_EQ(thalweg("survey nowhere").code, 2);
  EXPECT_EQ(thalweg("survey run --tops 3").code, 2);
  EXPECT_EQ(thalweg("survey run/checkpoint/last/model.safetensors").code, 2);
  std::ofstream(folder() / "old.pt", std::ios::binary) << std::string("PK\x03\x04", 4) << "....";
  const Said pickle = thalweg("survey old.pt --recipe small.toml");
  EXPECT_EQ(pickle.code, 3);
  EXPECT_THAT(pickle.err, HasSubstr("convert it once"));
  std::string other = read_file(folder() / "small.toml");
  other.replace(other.find("units=12"), 8, "units=7");
  std::ofstream(folder() / "other.toml") << other;
  const Said shape = thalweg("survey run --recipe other.toml");
  EXPECT_EQ(shape.code, 3);
  EXPECT_THAT(shape.err, AllOf(HasSubstr("[12, 6]"), HasSubstr("[7, 6]")));
}

TEST_F(SurveyCommand, IsExplained) {
  EXPECT_EQ(thalweg("explain condition_number").code, 0);
  EXPECT_THAT(thalweg("help survey").out, HasSubstr("--batch"));
}

}  // namespace
}  // namespace thalweg::cli
