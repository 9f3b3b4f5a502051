#include "thalweg/cli/recipe_difference.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "thalweg/recipe/parse.h"

namespace thalweg::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(FlatRecipe, NamesEachValueByItsKey) {
  EXPECT_THAT(
      flat_recipe(
          "name = \"a\"\n\n[model]\nlayers = [\n  { type = \"linear\", units = 5 },\n  { type = \"flatten\" },\n]\n\n"
          "[model.init]\nkind = \"default\"\n# a comment = no key\n"),
      UnorderedElementsAre(Pair("name", "\"a\""), Pair("model.layers.0", "{ type = \"linear\", units = 5 }"),
                           Pair("model.layers.1", "{ type = \"flatten\" }"), Pair("model.init.kind", "\"default\"")));
}

RC_GTEST_PROP(FlatRecipe, AnyTextIsNoError, (const std::string& text)) { flat_recipe(text); }

// What the store holds: recipes as the recipe room writes them.
FlatRecipe resolved(const std::vector<std::string>& overrides) {
  constexpr char kRecipe[] =
      "[data]\nformat = \"synthetic\"\nkind = \"blobs\"\n[model]\nlayers = [{type = \"linear\", units = 2}]\n";
  return flat_recipe(recipe::to_toml(recipe::parse_text(kRecipe, "r.toml", ".", overrides)));
}

TEST(Differences, OneChangedKeyIsOneDifference) {
  const std::vector<FlatRecipe> recipes{resolved({}), resolved({"optimizer.lr=0.5"}), resolved({})};
  const std::vector<KeyDifference> found = differences(recipes);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].key, "optimizer.lr");
  EXPECT_THAT(found[0].values, ElementsAre("0.001", "0.5", "0.001"));
}

TEST(Differences, AChangedLayerIsOneDifference) {
  const std::vector<FlatRecipe> recipes{resolved({}), resolved({"model.layers.0.units=7"})};
  const std::vector<KeyDifference> found = differences(recipes);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].key, "model.layers.0");
}

TEST(Differences, SeedAndNameAreLeftAside) {
  const std::vector<FlatRecipe> recipes{without_seed(resolved({})), without_seed(resolved({"seed=4", "name=other"}))};
  EXPECT_THAT(differences(recipes), IsEmpty());
}

TEST(Differences, AKeyThatOneRecipeLacksDiffers) {
  const std::vector<FlatRecipe> recipes{{{"a", "1"}}, {{"a", "1"}, {"b", "2"}}};
  const std::vector<KeyDifference> found = differences(recipes);
  ASSERT_EQ(found.size(), 1);
  EXPECT_THAT(found[0].values, ElementsAre("", "2"));
}

}  // namespace
}  // namespace thalweg::cli
