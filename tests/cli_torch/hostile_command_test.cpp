// Networks and folders that are not as they should be: one clear line and the exit code of docs/commands.md, or a true
// answer; never a crash, and nothing half-written.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command_folder.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HostileCommand : public CommandFolder<HostileCommand> {
 protected:
  static void SetUpTestSuite() {
    open();
    write_recipe("small", R"({type="linear", units=6}, {type="batch_norm", activation="relu"}, )");
    prepare("train small.toml --quiet --out good");
  }

  static void write_recipe(const std::string& name, const std::string& layers, const std::string& data = "") {
    std::ofstream(folder() / (name + ".toml"))
        << R"(threads = 1
[data]
format = "synthetic"
kind = "blobs"
features = 4
)" << (data.empty() ? "samples = 200\nclasses = 3\n" : data)
        << "[model]\nlayers = [" << layers << R"({type="linear", units="classes"}]
[batch]
size = 20
[stop]
steps = 20
)";
  }

  // The run again, with its last weights changed.
  static fs::path copy_of_good(const std::string& name) {
    fs::remove_all(folder() / name);
    fs::copy(folder() / "good", folder() / name, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    return folder() / name / "checkpoint" / "last" / "model.safetensors";
  }
  static void write(const fs::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

  static void expect_refused(const std::string& arguments, int code) {
    const Said said = thalweg(arguments + " --quiet");
    EXPECT_EQ(said.code, code) << arguments << ": " << said.err;
    EXPECT_THAT(said.err, StartsWith("thalweg: ")) << arguments;
    EXPECT_EQ(std::ranges::count(said.err, '\n'), 1) << arguments << ": " << said.err;
    EXPECT_EQ(said.out, "") << arguments;
  }
};

// All float32 values, statistics included, set to one.
std::string filled(std::string bytes, float value) {
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const json tensors = json::parse(bytes.substr(8, header));
  for (const auto& [name, tensor] : tensors.items()) {
    if (name == "__metadata__" || tensor["dtype"] != "F32") continue;
    const std::size_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    for (std::size_t at = 8 + header + begin; at < 8 + header + end; at += 4) {
      std::memcpy(bytes.data() + at, &value, sizeof value);
    }
  }
  return bytes;
}

TEST_F(HostileCommand, WeightsThatAreNotFiniteAreSaidAndNeverFolded) {
  const std::string good = read_file(folder() / "good/checkpoint/last/model.safetensors");
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    write(copy_of_good("sick"), filled(good, value));
    const Said connect = thalweg("connect good sick --points 3 --json --quiet");
    ASSERT_EQ(connect.code, 0) << connect.err;
    EXPECT_EQ(json::parse(connect.out)["verdict"], "cannot_tell");
    const Said survey = thalweg("survey sick --signal --coupling --time --json --quiet");
    ASSERT_EQ(survey.code, 0) << survey.err;
    EXPECT_FALSE(json::parse(survey.out)["not_finite"].empty());
    expect_refused("fold sick", 3);
    EXPECT_FALSE(fs::exists(folder() / "sick/folded/model.safetensors"));
  }
}

// What is folded then is an older checkpoint, and that is said.
TEST_F(HostileCommand, ADamagedLastCheckpointIsSaidBeforeAnOlderOneIsFolded) {
  const fs::path file = copy_of_good("cut");
  const std::string good = read_file(file);
  write(file, good.substr(0, good.size() / 2));
  const Said said = thalweg("fold cut --json");
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("note: "));
  EXPECT_EQ(json::parse(said.out)["folded"], json::array({"batch_norm1"}));
}

TEST_F(HostileCommand, WhatLiesInTheWrongPlaceIsRefusedInOneLine) {
  fs::create_directories(folder() / "empty");
  write(folder() / "garbage.safetensors", "\x10not a header");
  write(folder() / "pickled.pt", "PK\x03\x04....");
  for (const char* place : {"empty", "nowhere", "small.toml --recipe small.toml",
                            "garbage.safetensors --recipe small.toml", "pickled.pt --recipe small.toml"}) {
    const std::string where(place);
    const int code = where.starts_with("small") || where.starts_with("garbage") || where.starts_with("pickled") ? 3 : 2;
    for (const char* command : {"fold ", "connect good ", "survey --signal "}) expect_refused(command + where, code);
  }
}

TEST_F(HostileCommand, ANetworkWithoutWeightsHasNothingToTrain) {
  std::ofstream(folder() / "bare.toml") << R"([data]
format = "synthetic"
kind = "blobs"
features = 3
classes = 3
[model]
layers = [{type="activation", kind="tanh"}]
)";
  expect_refused("check bare.toml", 2);
  expect_refused("train bare.toml --out bare", 2);
}

TEST_F(HostileCommand, ARecurrentLayerWithAVeryLongNameIsDrawnAllTheSame) {
  std::ofstream(folder() / "long.toml") << R"(threads = 1
[data]
format = "synthetic"
kind = "adding"
samples = 100
features = 6
[loss]
kind = "mse"
[metric]
kind = "rmse"
[stop]
steps = 5
[model]
layers = [{type="rnn", units=4, name=")" << std::string(300, 'r')
                                        << "\"}, {type=\"linear\", units=1}]\n";
  prepare("train long.toml --quiet --out long");
  const Said said = thalweg("survey long --time --json --quiet");
  ASSERT_EQ(said.code, 0) << said.err;
  const std::vector<std::string> files = json::parse(said.out)["files"];
  ASSERT_EQ(files.size(), 1U);
  EXPECT_THAT(files.front(), AllOf(StartsWith("long/time-rrr"), EndsWith("-1.svg")));
  EXPECT_TRUE(fs::exists(folder() / files.front()));
}

TEST_F(HostileCommand, TheSmallestNetworksAndDataAreMeasuredAllTheSame) {
  write_recipe("one_unit", R"({type="linear", units=1}, {type="batch_norm", activation="tanh"}, )");
  write_recipe("one_class", R"({type="linear", units=3}, {type="batch_norm", activation="relu"}, )",
               "samples = 40\nclasses = 1\n");
  write_recipe("few_rows", R"({type="linear", units=3, activation="relu"}, )", "samples = 3\nclasses = 2\n");
  write_recipe("named", "{type=\"linear\", activation=\"relu\", units=3, name=\"" + std::string(300, 'n') + "\"}, ");
  for (const std::string name : {"one_unit", "one_class", "few_rows", "named"}) {
    const Said check = thalweg("check " + name + ".toml --json --quiet");
    ASSERT_EQ(check.code, 0) << name << ": " << check.err;
    EXPECT_FALSE(json::parse(check.out)["start"]["layers"].empty()) << name;
    for (const char* seed : {"1", "2"}) {
      prepare(std::string("train ") + name + ".toml --quiet --set seed=" + seed + " --out " + name + seed);
    }
    const Said survey = thalweg("survey " + name + "1 --signal --coupling --json --quiet");
    ASSERT_EQ(survey.code, 0) << name << ": " << survey.err;
    EXPECT_TRUE(json::parse(survey.out).contains("coupling")) << name;
    const Said connect = thalweg("connect " + name + "1 " + name + "2 --points 3 --json --quiet");
    ASSERT_EQ(connect.code, 0) << name << ": " << connect.err;
    EXPECT_FALSE(json::parse(connect.out)["verdict"].get<std::string>().empty()) << name;
  }
}

}  // namespace
}  // namespace thalweg::cli
