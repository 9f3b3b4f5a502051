// Two networks with their data: the loss where they stand, statistics taken anew, and what is refused.
#include "thalweg/train/connected_networks.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <string>

#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/train/checkpoint.h"
#include "thalweg/train/workbench.h"

namespace thalweg {
namespace {

using ::testing::HasSubstr;

std::string recipe_text(const std::string& layers, const std::string& data = "") {
  return "name = \"small\"\nthreads = 1\n[data]\nformat = \"synthetic\"\nkind = \"blobs\"\nsamples = 512\nfeatures = "
         "6\nclasses = 3\nnoise = 1.0\nvalidation = 0.0\ntest = 0.25\n" +
         data + "[model]\nlayers = [" + layers + "]\n";
}

const std::string kNormed =
    R"({type="linear", units=5}, {type="batch_norm", momentum=0.3, activation="relu"}, {type="dropout", p=0.5}, {type="linear", units="classes"})";

SurveyTarget target(const std::string& text, int seed) {
  const std::vector<std::string> set{"seed=" + std::to_string(seed)};
  SurveyTarget result{.subject = "run" + std::to_string(seed), .recipe = recipe::parse_text(text, "r.toml", ".", set)};
  recipe::Recipe fresh = result.recipe;
  result.model = model_tensors(*Workbench(fresh).network);
  for (auto& [name, tensor] : result.model) tensor = tensor.clone();
  return result;
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(ConnectedNetworks, TheEndsHaveTheNetworksOwnLosses) {
  const SurveyTarget a = target(recipe_text(kNormed), 1), b = target(recipe_text(kNormed), 2);
  const ConnectedNetworks pair(a, b, {.rows = 384});
  const ConnectionProblem& p = pair.problem();
  ASSERT_EQ(p.parts.size(), 2U);
  EXPECT_EQ(p.parts[0].name, "train");
  EXPECT_EQ(p.parts[1].name, "heldout");
  EXPECT_EQ(p.parts[0].rows, 384);  // all of them
  EXPECT_EQ(p.metric, "accuracy");
  Workbench bench(a.recipe);
  const torch::NoGradGuard none;
  bench.network->train(false);
  const Batch all = bench.data.train->slice(0, 384);
  const double loss = bench.objective(bench.network->forward(all.inputs), all.targets).loss();
  NamedParameters weights = p.parameters_a;
  weights.insert(weights.end(), p.buffers_a.begin(), p.buffers_a.end());
  const PartLosses found = p.parts[0].evaluate(weights);
  double mean = 0.0;
  for (const double l : found.batches) mean += l / static_cast<double>(found.batches.size());
  EXPECT_NEAR(mean, loss, 1e-6);
  EXPECT_GE(found.batches.size(), 8U);
}

TEST(ConnectedNetworks, RepairedStatisticsAreThoseOfTheData) {
  // 512 rows, all of them training: the batches hold each row once, so that the first norm's statistics are known.
  std::string text = recipe_text(kNormed);
  text.replace(text.find("test = 0.25"), 11, "test = 0.0");
  const SurveyTarget a = target(text, 1), b = target(text, 2);
  const ConnectedNetworks pair(a, b);
  const ConnectionProblem& p = pair.problem();
  NamedParameters weights = p.parameters_a;
  weights.insert(weights.end(), p.buffers_a.begin(), p.buffers_a.end());
  const NamedParameters repaired = p.repaired(weights);
  Workbench bench(a.recipe);
  const torch::NoGradGuard none;
  const at::Tensor x = bench.data.train->slice(0, 512).inputs;
  const at::Tensor y = at::linear(x, weights[0].second, weights[1].second).to(at::kDouble);
  for (const auto& [name, tensor] : repaired) {
    if (name.ends_with("running_mean")) EXPECT_LT((tensor - y.mean(0)).abs().max().item<double>(), 1e-5);
    if (name.ends_with("running_var")) {
      EXPECT_LT((tensor / y.var(0) - 1.0).abs().max().item<double>(), 1e-4);
    }
  }
  const NamedParameters twice = p.repaired(repaired);
  for (std::size_t i = 0; i < twice.size(); ++i) EXPECT_TRUE(twice[i].second.equal(repaired[i].second));
}

TEST(ConnectedNetworks, NothingIsRepairedWhereNothingRuns) {
  const std::string plain =
      recipe_text(R"({type="linear", units=5, activation="relu"}, {type="linear", units="classes"})");
  const ConnectedNetworks pair(target(plain, 1), target(plain, 2));
  EXPECT_FALSE(pair.problem().repaired);
}

TEST(ConnectedNetworks, NamesTheFirstLayerThatDiffers) {
  const SurveyTarget a = target(recipe_text(kNormed), 1);
  const auto with = [&](const std::string& layers) {
    return message([&] { ConnectedNetworks(a, target(recipe_text(layers), 2)); });
  };
  EXPECT_THAT(
      with(
          R"({type="linear", units=5}, {type="layer_norm", activation="relu"}, {type="dropout", p=0.5}, {type="linear", units="classes"})"),
      HasSubstr("the first layer that differs is 'batch_norm1'"));
  EXPECT_THAT(
      with(
          R"({type="linear", units=5}, {type="batch_norm", activation="tanh"}, {type="dropout", p=0.5}, {type="linear", units="classes"})"),
      HasSubstr("batch_norm, tanh"));
  EXPECT_THAT(with(R"({type="linear", units=5})"), HasSubstr("not there"));
  std::string other = kNormed;
  other.replace(other.find("p=0.5"), 5, "p=0.1");  // training's business alone
  EXPECT_EQ(with(other), "");
}

TEST(ConnectedNetworks, SaysWhereTheDataDiffer) {
  const ConnectedNetworks pair(target(recipe_text(kNormed), 1),
                               target(recipe_text(kNormed, "input_scaling = \"none\"\n"), 2));
  EXPECT_THAT(pair.notes(), ::testing::Contains(HasSubstr("different [data]")));
}

}  // namespace
}  // namespace thalweg
