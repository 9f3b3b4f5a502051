// thalweg connect, as a person or a script calls it.
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

// Two small networks from different seeds, trained once for all tests in a folder of their own.
class ConnectCommand : public CommandFolder<ConnectCommand> {
 protected:
  static void SetUpTestSuite() {
    open();
    std::ofstream(folder() / "small.toml") << R"(name = "small"
threads = 1
[data]
format = "synthetic"
kind = "blobs"
samples = 3000
features = 6
classes = 3
noise = 1.0
test = 0.2
validation = 0.0
[batch]
size = 64
[model]
layers = [{type="linear", units=12, activation="tanh"}, {type="linear", units=12}, {type="batch_norm", activation="relu"}, {type="dropout", p=0.1}, {type="linear", units="classes"}]
[optimizer]
kind = "adam"
lr = 0.01
[stop]
steps = 60
)";
    for (const char* seed : {"1", "2"})
      prepare(std::string("train small.toml --quiet --set seed=") + seed + " --out run" + seed);
  }
};

TEST_F(ConnectCommand, PrintsTheFixedJson) {
  const Said said = thalweg("connect run1 run2 --points 5 --json");
  ASSERT_EQ(said.code, 0) << said.err;
  const auto json = nlohmann::json::parse(said.out);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["subjects"][0], "run1, step 60");
  EXPECT_EQ(json["at"], nlohmann::json({0.0, 0.25, 0.5, 0.75, 1.0}));
  // 12! twice; 12 signs of tanh, and 12 between the linear layer and its norm
  EXPECT_NEAR(json["symmetry"]["permutation_bits"], 2 * std::lgamma(13.0) / std::log(2.0), 1e-9);
  EXPECT_EQ(json["symmetry"]["sign_bits"], 24.0);
  EXPECT_LT(json["function_change"], 1e-5);
  ASSERT_EQ(json["paths"].size(), 5U);
  EXPECT_EQ(json["paths"][0]["name"], "unaligned");
  EXPECT_EQ(json["paths"][3]["name"], "aligned by weights, statistics repaired");
  for (const auto& path : json["paths"]) {
    ASSERT_EQ(path["parts"].size(), 2U);
    EXPECT_EQ(path["parts"][0]["loss"].size(), 5U);
    EXPECT_LE(path["parts"][0]["barrier"]["low"], path["parts"][0]["barrier"]["value"]);
  }
  // The ends are the same networks, however the second is arranged.
  EXPECT_NEAR(json["paths"][0]["parts"][0]["loss"][4], json["paths"][1]["parts"][0]["loss"][4], 1e-5);
  EXPECT_GT(json["alignments"][0]["similarity"], json["similarity"]);
  EXPECT_THAT((std::vector<std::string>{"same", "apart", "cannot_tell"}),
              ::testing::Contains(json["verdict"].get<std::string>()));
  EXPECT_GT(json["cost"]["gradient_units"], 0.0);
  EXPECT_TRUE(fs::exists(folder() / "run1" / "connect.svg"));
}

TEST_F(ConnectCommand, ARunAndItselfAreOne) {
  const Said said = thalweg("connect run1 run1/checkpoint/last --points 3 --json");
  ASSERT_EQ(said.code, 0) << said.err;
  const auto json = nlohmann::json::parse(said.out);
  EXPECT_EQ(json["verdict"], "same");
  EXPECT_LT(json["paths"][0]["parts"][0]["barrier"]["value"], 1e-6);
  EXPECT_THAT(said.out, HasSubstr("weight by weight"));
}

TEST_F(ConnectCommand, GivesTheSameAnswerTwice) {
  const auto ask = [] {
    auto json = nlohmann::json::parse(thalweg("connect run1 run2 --points 3 --json").out);
    json.erase("cost");
    for (auto& alignment : json["alignments"]) alignment.erase("seconds");
    return json;
  };
  EXPECT_EQ(ask(), ask());
}

TEST_F(ConnectCommand, TellsAPersonTheVerdictFirstAndDraws) {
  const Said said = thalweg("connect run1 run2 --points 3 --out . --quiet");
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_LT(said.out.find("up to symmetry?"), said.out.find("Barrier"));
  EXPECT_THAT(said.out, AllOf(HasSubstr("n!^m"), HasSubstr("statistics repaired"), HasSubstr("linear1")));
  EXPECT_THAT(read_file(folder() / "connect.svg"), AllOf(HasSubstr("<svg"), HasSubstr("held-out rows")));
}

TEST_F(ConnectCommand, TakesFilesWithARecipe) {
  const Said said = thalweg(
      "connect run1/checkpoint/last/model.safetensors run2/checkpoint/best --recipe small.toml --points 3 --json --out "
      ".");
  EXPECT_EQ(said.code, 0) << said.err;
}

TEST_F(ConnectCommand, RefusesInOneLineWithItsExitCode) {
  EXPECT_EQ(thalweg("connect run1").code, 2);
  EXPECT_EQ(thalweg("connect run1 nowhere").code, 2);
  EXPECT_EQ(thalweg("connect run1 run2 --points 2").code, 2);
  fs::create_directory(folder() / "killed");
  fs::copy(folder() / "run1" / "recipe.toml", folder() / "killed" / "recipe.toml",
           fs::copy_options::overwrite_existing);
  EXPECT_THAT(thalweg("connect run1 killed").err, HasSubstr("no checkpoint yet"));
  const Said other = thalweg(
      "train small.toml --quiet --set stop.steps=2 --out wide --set model.layers='[{type=\"linear\", units=13}, "
      "{type=\"linear\", units=\"classes\"}]'");
  ASSERT_EQ(other.code, 0) << other.err;
  const Said differ = thalweg("connect run1 wide");
  EXPECT_EQ(differ.code, 2);
  EXPECT_THAT(differ.err, AllOf(HasSubstr("the first layer that differs is 'linear1'"), HasSubstr("12 units"),
                                HasSubstr("13 units")));
  std::ofstream(folder() / "broken.safetensors") << "nothing";
  EXPECT_EQ(thalweg("connect run1 broken.safetensors --recipe small.toml").code, 3);
  EXPECT_EQ(thalweg("connect run1 run2 --points 3 --out /proc").code, 4);
}

TEST_F(ConnectCommand, IsExplained) {
  EXPECT_EQ(thalweg("explain symmetry_bits").code, 0);
  EXPECT_THAT(thalweg("connect --help").out, AllOf(HasSubstr("--points"), HasSubstr("thalweg connect")));
}

}  // namespace
}  // namespace thalweg::cli
