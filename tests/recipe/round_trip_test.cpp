// parse(to_toml(r)) is r, to the last bit, for every recipe that can be said.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "random_recipe.h"
#include "recipe_text.h"

namespace thalweg::recipe {
namespace {

TEST(RoundTrip, GivesTheSameRecipeAndTheSameText) {
  const bool holds = rc::check("parse(to_toml(r)) == r", [] {
    const Recipe recipe = *random_recipe();
    const std::string text = to_toml(recipe);
    const Recipe again = parsed(text);
    RC_ASSERT(again == recipe);
    RC_ASSERT(to_toml(again) == text);
  });
  EXPECT_TRUE(holds);
}

TEST(RoundTrip, KeepsHardNumbers) {
  for (const double number : {0.1, 1e22, 1e-310, 5e-324, 1.7976931348623157e308, 123456789012345678.0, 1.0 / 3.0}) {
    Recipe recipe = parsed_with("");
    recipe.optimizer.lr = number;
    EXPECT_EQ(parsed(to_toml(recipe)).optimizer.lr, number);
  }
}

TEST(RoundTrip, KeepsHardText) {
  for (const char* name : {"a\"b", "a\\b", "a'b", "ä€😀", "[x]", "a # b", "a = b", "\\u0041", " x "}) {
    Recipe recipe = parsed_with("");
    recipe.name = name;
    EXPECT_EQ(parsed(to_toml(recipe)).name, name);
  }
}

// The resolved recipe names the defaults, so that a later version with other defaults trains the same.
TEST(RoundTrip, WritesOutWhatWasNotUsed) {
  const std::string text = to_toml(parsed_with("[stop]\nsteps = 5\n"));
  for (const char* line : {"epochs = 0\n", "momentum = 0.0\n", "weight_decay = 0.01\n", "seed = 0\n", "name = \"r\"\n",
                           "kind = \"accuracy\"\n", "validation = 0.1\n", "betas = [0.9, 0.999]\n", "delta = 1.0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(RoundTrip, LetsLayersFollowTheModelsInit) {
  Recipe recipe = parsed(to_toml(parsed_with("")), {"model.init.kind=he_normal"});
  EXPECT_EQ(recipe.model.layers[0].init.kind, InitKind::he_normal);
}

}  // namespace
}  // namespace thalweg::recipe
