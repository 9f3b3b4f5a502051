// A recipe's network as something to survey: what it disturbs, and what it refuses.
#include "thalweg/train/surveyed_network.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <fstream>

#include "tests/train/small_runs.h"
#include "thalweg/record/error.h"
#include "thalweg/survey/moved.h"
#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A run of 7 steps of a small network, and its folder.
struct Trained {
  explicit Trained(const std::string& name) {
    small_runs::train(small_runs::recipe(small_runs::network(name), folder.path), run());
  }
  std::filesystem::path run() const { return folder.path / "run"; }
  small_runs::Folder folder;
};

template <class Call>
std::string message(int exit_code, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), exit_code) << error.what();
    return error.what();
  }
  return "no error";
}

class SurveyedNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(SurveyedNetworks, GiveTheSameLossAgainAndLeaveTheRandomStreamAlone) {
  const Trained trained(GetParam());
  const SurveyTarget target = read_survey_target({.place = trained.run()});
  EXPECT_EQ(target.position->step, small_runs::kSteps);
  torch::manual_seed(9);
  const at::Tensor before = random_state();
  {
    const SurveyedNetwork network(target, {});
    const auto& batches = network.problem().batches;
    EXPECT_EQ(loss_on(batches), loss_on(batches)) << "the mask is frozen";
    EXPECT_GT(network.problem().gradient_at_start, 0.0);
    EXPECT_TRUE(network.problem().update.isfinite().all().item<bool>());
    EXPECT_GT(network.problem().update.norm().item<double>(), 0.0);
    const Survey s = survey(network.problem(), {.max_products = 20, .trace_products = 4});
    EXPECT_TRUE(std::isfinite(s.loss));
    EXPECT_FALSE(s.top.empty());
  }
  EXPECT_TRUE(at::equal(random_state(), before));
}
INSTANTIATE_TEST_SUITE_P(, SurveyedNetworks,
                         ::testing::Values("dropout_mlp", "tanh_mlp", "batch_norm_conv", "char_lstm"),
                         [](const auto& info) { return std::string(info.param); });

TEST(SurveyedNetwork, LeavesTheFilesOfTheRunAlone) {
  const Trained trained("batch_norm_conv");
  const auto file = trained.run() / "checkpoint/last/model.safetensors";
  const std::string before = small_runs::file_bytes(file);
  const SurveyTarget target = read_survey_target({.place = trained.run() / "checkpoint/last"});
  { const Survey s = survey(SurveyedNetwork(target, {}).problem(), {.max_products = 10, .trace_products = 0}); }
  EXPECT_EQ(small_runs::file_bytes(file), before);
}

TEST(SurveyedNetwork, TakesXAndYFromAFile) {
  const Trained trained("tanh_mlp");
  const auto file = trained.folder.path / "batch.safetensors";
  write_safetensors(file, {{"x", torch::randn({32, 6})}, {"y", torch::randint(3, {32}, torch::kLong)}});
  const SurveyedNetwork network(read_survey_target({.place = trained.run()}), {.file = file});
  EXPECT_EQ(network.problem().rows, 32);
  EXPECT_EQ(network.problem().batches.size(), 1U);
  EXPECT_TRUE(network.problem().independent.empty());
  EXPECT_TRUE(std::isfinite(loss_on(network.problem().batches)));
}

TEST(SurveyedNetwork, RefusesAFileWithoutXAndYAndLabelsOutOfRange) {
  const Trained trained("tanh_mlp");
  const SurveyTarget target = read_survey_target({.place = trained.run()});
  const auto file = trained.folder.path / "batch.safetensors";
  write_safetensors(file, {{"inputs", torch::randn({4, 6})}});
  EXPECT_THAT(message(3, [&] { SurveyedNetwork(target, {.file = file}); }),
              AllOf(HasSubstr("x and y"), HasSubstr("inputs")));
  write_safetensors(file, {{"x", torch::randn({4, 6})}, {"y", torch::full({4}, 7, torch::kLong)}});
  EXPECT_THAT(message(3, [&] { SurveyedNetwork(target, {.file = file}); }), HasSubstr("y reaches from 7 to 7"));
  write_safetensors(file, {{"x", torch::randn({4, 6})}, {"y", torch::zeros({5}, torch::kLong)}});
  EXPECT_THAT(message(3, [&] { SurveyedNetwork(target, {.file = file}); }), HasSubstr("a row for each example"));
}

TEST(SurveyedNetwork, NamesBothShapesOfATensorThatDoesNotFitTheRecipe) {
  const Trained trained("tanh_mlp");
  std::string other = small_runs::recipe(small_runs::network("tanh_mlp"), trained.folder.path);
  other.replace(other.find("units=12"), 8, "units=9");
  const auto file = trained.folder.path / "other.toml";
  std::ofstream(file) << other;
  const SurveyTarget target = read_survey_target({.place = trained.run(), .recipe = file});
  EXPECT_THAT(message(3, [&] { SurveyedNetwork(target, {}); }), AllOf(HasSubstr("[12, 6]"), HasSubstr("[9, 6]")));
}

TEST(SurveyTarget, RefusesAPickleAndSaysHowToConvertIt) {
  const small_runs::Folder folder;
  const auto file = folder.path / "weights.pt";
  std::ofstream(file, std::ios::binary) << std::string("PK\x03\x04", 4) << "archive/data.pkl";
  EXPECT_THAT(message(3, [&] { read_survey_target({.place = file}); }),
              AllOf(HasSubstr("weights_only=True"), HasSubstr("weights.safetensors")));
}

TEST(SurveyTarget, SaysWhatIsMissing) {
  const small_runs::Folder folder;
  EXPECT_THAT(message(2, [&] { read_survey_target({.place = folder.path / "none"}); }), HasSubstr("there is no such"));
  EXPECT_THAT(message(2, [&] { read_survey_target({.place = folder.path}); }), HasSubstr("neither a run"));
  const auto file = folder.path / "w.safetensors";
  write_safetensors(file, {{"w", torch::ones({2})}});
  EXPECT_THAT(message(2, [&] { read_survey_target({.place = file}); }), HasSubstr("--recipe"));
}

}  // namespace
}  // namespace thalweg
