// --set key=value
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipe_text.h"

namespace thalweg::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Overrides, ReplaceAndAddKeys) {
  const Recipe recipe =
      parsed_with("[optimizer]\nlr = 0.5\n", {"optimizer.lr=0.01", "stop.steps=5", "batch.shuffle=false"});
  EXPECT_EQ(recipe.optimizer.lr, 0.01);
  EXPECT_EQ(recipe.stop.steps, 5);
  EXPECT_FALSE(recipe.batch.shuffle);
}

TEST(Overrides, TakeBareWordsAsText) {
  const Recipe recipe =
      parsed_with("", {"optimizer.kind=sgd", "data.path=my data/x", "name=2024-01-01", "data.test=0.2"});
  EXPECT_EQ(recipe.optimizer.kind, OptimizerKind::sgd);
  EXPECT_EQ(recipe.data.path, "my data/x");
  EXPECT_EQ(recipe.name, "2024-01-01");
  EXPECT_EQ(recipe.data.test, Split(0.2));
  EXPECT_EQ(parsed_with("", {"name=42"}).name, "42");
}

TEST(Overrides, TakeNumbersAsPeopleWriteThem) {
  for (const char* number : {".01", "1e-2", "0.01", "1.e-2"}) {
    EXPECT_EQ(parsed_with("", {"optimizer.lr=" + std::string(number)}).optimizer.lr, 0.01) << number;
  }
}

TEST(Overrides, TakeTomlListsAndTables) {
  const Recipe recipe = parsed_with("", {"optimizer.betas=[0.5, 0.6]", "model.init={ kind = \"zeros\" }",
                                         "optimizer.groups=[{ match = \"*\", lr = 1 }]"});
  EXPECT_EQ(recipe.optimizer.beta1, 0.5);
  EXPECT_EQ(recipe.model.init.kind, InitKind::zeros);
  EXPECT_EQ(recipe.optimizer.groups[0].lr, 1.0);
}

TEST(Overrides, ReachIntoLists) {
  const std::string text = kData + R"([model]
layers = [
  { type = "linear", units = 3 },
  { type = "residual", layers = [{ type = "dropout", p = 0.1 }] },
])";
  EXPECT_EQ(parsed(text, {"model.layers.1.layers.0.p=0"}).model.layers[1].inner[0].p, 0.0);
  EXPECT_EQ(complaint(text, {"model.layers.2.p=0"}), "--set: model.layers.2.p = 0: leads past the end of a list of 2");
  EXPECT_EQ(complaint(text, {"model.layers.last.p=0"}),
            "--set: model.layers.last.p = 0: leads nowhere: 'last' is looked up in a list");
  EXPECT_EQ(complaint(text, {"data.path.x=0"}), "--set: data.path.x = 0: leads nowhere: 'x' is looked up in a text");
}

TEST(Overrides, TakeTheLastOfSeveral) { EXPECT_EQ(parsed_with("", {"seed=1", "seed=2"}).seed, 2U); }

TEST(Overrides, ReplaceTheOtherWayToSayTheSame) {
  EXPECT_THAT(parsed_with("[metric]\nkinds = [\"r2\", \"mae\"]\n", {"metric.kind=rmse"}).metric.kinds,
              ElementsAre(MetricKind::rmse));
  EXPECT_GT(parsed_with("", {"model.preset=lenet"}).model.layers.size(), 1U);
  EXPECT_EQ(
      parsed(kData + "[model]\npreset = \"lenet\"\n", {"model.layers=[{ type = \"flatten\" }]"}).model.layers.size(),
      1U);
}

TEST(Overrides, FollowTheDefaultsThatDepend) {
  EXPECT_EQ(parsed_with("", {"optimizer.kind=sgd"}).optimizer.weight_decay, 0.0);
  EXPECT_EQ(parsed_with("", {"stop.steps=5"}).stop.epochs, 0);
}

TEST(Overrides, AreNamedInErrors) {
  EXPECT_EQ(complaint_of("", {"optimizer.lr=-1"}), "--set: optimizer.lr = -1: is too small; allowed: number > 0");
  EXPECT_THAT(complaint_of("", {"optimizer.lrr=1"}), StartsWith("--set: optimizer.lrr = 1: is an unknown key"));
  EXPECT_THAT(complaint_of("", {"optimiser.lr=1"}), StartsWith("--set: optimiser = {…}: is an unknown key"));
  EXPECT_THAT(complaint_of("", {"optimizer.betas=[0.1"}), StartsWith("--set: optimizer.betas = [0.1: is not TOML: "));
  EXPECT_THAT(complaint_of("[batch]\nsize = -1\n", {"seed=-1"}), StartsWith("r.toml:7: batch.size = -1: is too small"));
  EXPECT_THAT(complaint_of("[batch]\nsize = -1\n", {"seed=-1"}), HasSubstr("\n--set: seed = -1: is too small"));
}

TEST(Overrides, MustBeAssignments) {
  for (const std::string& wrong : {std::string("optimizer.lr"), std::string("=1"), std::string("")}) {
    EXPECT_THAT(complaint_of("", {wrong}), HasSubstr("is not an assignment; allowed: key=value")) << wrong;
  }
  EXPECT_THAT(complaint_of("", {std::string(100, '.') + "=1"}), HasSubstr("is not an assignment"));
  EXPECT_THAT(complaint_of("", {".=1"}), StartsWith("--set: "));
}

TEST(Overrides, CannotSmuggleInOtherKeys) {
  EXPECT_EQ(parsed_with("", {"name=1 # no"}).name, "1 # no");
  EXPECT_THAT(complaint_of("", {"seed=1\nname = \"x\""}), HasSubstr("is a text, not a whole number"));
}

}  // namespace
}  // namespace thalweg::recipe
