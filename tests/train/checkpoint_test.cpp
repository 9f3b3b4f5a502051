#include "thalweg/train/checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <set>

#include "tests/train/small_runs.h"
#include "thalweg/record/error.h"
#include "thalweg/train/position_json.h"

namespace thalweg {
namespace {

namespace fs = std::filesystem;
using small_runs::Folder;
using testing::HasSubstr;

NamedTensors tensors(double value) { return {{"w", at::full({3}, value)}, {"n", at::full({}, std::nan(""))}}; }

Position position(std::int64_t step) {
  Position p{.step = step, .seconds = 0.1, .loss_sum = 1.0 / 3.0, .loss_count = 7, .rate_scale = 0.3, .random = "00ff"};
  p.schedule.best = -std::numeric_limits<double>::infinity();
  p.stop = {.heldout = {1.0, std::nan("")},
            .training = {0.5, std::numeric_limits<double>::infinity()},
            .best_metric = 0.1,
            .best_step = 3,
            .bad = 1};
  return p;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

TEST(Position, ComesBackBitForBitWithWhatIsNotFinite) {
  const Position before = position(12), after = position_from_json(to_json(before), "state.json");
  EXPECT_EQ(to_json(after), to_json(before));
  EXPECT_EQ(after.loss_sum, before.loss_sum);
  EXPECT_TRUE(std::isnan(after.stop.heldout[1]));
  EXPECT_TRUE(std::isinf(after.schedule.best) && after.schedule.best < 0);
}

TEST(Position, BrokenTextIsAnInputErrorThatNamesTheFile) {
  for (const std::string text : {"", "{", "[]", "{\"schema\":2}", "{\"schema\":1,\"step\":\"x\"}"}) {
    try {
      position_from_json(text, "run/state.json");
      FAIL() << text;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("run/state.json: not a checkpoint's state"));
    }
  }
  EXPECT_THROW(position_from_json(std::string(100000, '['), "deep"), InputError);
}

TEST(Checkpoints, KeepsTheLastOnesAndTheBest) {
  const Folder folder;
  Checkpoints checkpoints(folder.path, 2);
  for (const std::int64_t step : {10, 20, 30, 40})
    checkpoints.write(position(step), tensors(step), tensors(0), step == 10);
  EXPECT_EQ(names_in(folder.path / "checkpoint"), (std::set<std::string>{"10", "30", "40", "last", "best"}));
  EXPECT_EQ(checkpoints.load("last")->position.step, 40);
  EXPECT_EQ(checkpoints.load("best")->model[0].second[0].item<double>(), 10.0);
}

TEST(Checkpoints, ThereIsNoneBeforeTheFirst) { EXPECT_FALSE(Checkpoints(Folder().path, 2).load("last").has_value()); }

TEST(Checkpoints, EachWayOfDamageIsPassedOverForTheOneBefore) {
  const auto damages = {"model.safetensors", "optimizer.safetensors", "state.json"};
  for (const std::string file : damages) {
    for (const bool gone : {true, false}) {
      const Folder folder;
      Checkpoints checkpoints(folder.path, 2);
      checkpoints.write(position(10), tensors(1), tensors(0), false);
      checkpoints.write(position(20), tensors(2), tensors(0), false);
      if (gone) {
        fs::remove(folder.path / "checkpoint/20" / file);
      } else {
        fs::resize_file(folder.path / "checkpoint/20" / file, 11);
      }
      std::string warning;
      EXPECT_EQ(checkpoints.load("last", &warning)->position.step, 10) << file;
      EXPECT_THAT(warning, HasSubstr("going on from step 10 instead"));
    }
  }
}

TEST(Checkpoints, AllDamagedIsAnInputError) {
  const Folder folder;
  Checkpoints checkpoints(folder.path, 2);
  checkpoints.write(position(10), tensors(1), tensors(0), false);
  fs::remove(folder.path / "checkpoint/10/state.json");
  EXPECT_THROW(checkpoints.load("last"), InputError);
}

// A file in the way stands for a disk that is full or a folder without rights: writing fails, and the one before stays.
TEST(Checkpoints, AWriteThatFailsLeavesTheOneBeforeAndNothingHalf) {
  const Folder folder;
  Checkpoints checkpoints(folder.path, 2);
  checkpoints.write(position(10), tensors(1), tensors(0), false);
  fs::create_directory(folder.path / "checkpoint/last.new");
  std::ofstream(folder.path / "checkpoint/last.new/in the way") << "x";
  EXPECT_THROW(checkpoints.write(position(20), tensors(2), tensors(0), false), IoError);
  EXPECT_EQ(checkpoints.load("last")->position.step, 10);
  EXPECT_FALSE(fs::exists(folder.path / "checkpoint/20.new"));
}

TEST(LoadModel, NamesTheTensorThatDoesNotFit) {
  recipe::Model model;
  model.layers = {recipe::Layer{.type = recipe::LayerType::linear, .units = 3}};
  const auto network = build_network(model, {.input = {2}, .outputs = 3}, 1);
  try {
    load_model(*network, {{"linear1.weigth", at::zeros({3, 2})}, {"linear1.bias", at::zeros({3})}}, "w.safetensors");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("w.safetensors: no tensor 'linear1.weight'; it has 'linear1.weigth'"));
  }
  try {
    load_model(*network, {{"linear1.weight", at::zeros({2, 3})}, {"linear1.bias", at::zeros({3})}}, "w.safetensors");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'linear1.weight' has shape [2, 3], the network needs [3, 2]"));
  }
}

}  // namespace
}  // namespace thalweg
