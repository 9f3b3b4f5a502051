// What recipes say differently.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::cli {

// A resolved recipe as its store has it, one value a key: "optimizer.lr" → "0.001", rows of a list numbered,
// "model.layers.0". Reads the TOML that recipe::to_toml writes, line by line; any other text gives keys of some kind,
// and no error.
using FlatRecipe = std::map<std::string, std::string, std::less<>>;
FlatRecipe flat_recipe(std::string_view toml);

struct KeyDifference {
  std::string key;
  std::vector<std::string> values;  // one a recipe, "" where the recipe has no such key
};
// The keys whose values are not the same in all recipes, in alphabetical order.
std::vector<KeyDifference> differences(std::span<const FlatRecipe> recipes);

// The recipe without what may differ between repetitions of one run: seed and name.
FlatRecipe without_seed(FlatRecipe recipe);

}  // namespace thalweg::cli
