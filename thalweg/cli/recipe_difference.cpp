#include "thalweg/cli/recipe_difference.h"

#include <algorithm>
#include <set>

namespace thalweg::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Reads one line after the other; knows the section and the list it is in.
class Lines {
 public:
  void take(std::string_view line) {
    line = trimmed(line);
    if (!list_.empty()) {
      take_row(line);
    } else if (line.starts_with('[') && line.ends_with(']')) {
      section_ = std::string(line.substr(1, line.size() - 2)) + ".";
    } else if (const std::size_t equals = line.find('='); equals != std::string_view::npos && !line.starts_with('#')) {
      take_pair(section_ + std::string(trimmed(line.substr(0, equals))), trimmed(line.substr(equals + 1)));
    }
  }
  FlatRecipe result;

 private:
  void take_pair(std::string key, std::string_view value) {
    if (value != "[") {
      result[std::move(key)] = value;
      return;
    }
    list_ = std::move(key);
    row_ = 0;
  }
  void take_row(std::string_view row) {
    if (row == "]") {
      list_.clear();
      return;
    }
    if (row.ends_with(',')) row.remove_suffix(1);
    result[list_ + "." + std::to_string(row_++)] = row;
  }

  std::string section_;
  std::string list_;  // the key whose rows follow; "" outside of a list
  int row_ = 0;
};

}  // namespace

FlatRecipe flat_recipe(std::string_view toml) {
  Lines lines;
  while (!toml.empty()) {
    const std::string_view line = toml.substr(0, toml.find('\n'));
    lines.take(line);
    toml.remove_prefix(std::min(toml.size(), line.size() + 1));
  }
  return std::move(lines.result);
}

std::vector<KeyDifference> differences(std::span<const FlatRecipe> recipes) {
  std::set<std::string> keys;
  for (const FlatRecipe& recipe : recipes) {
    for (const auto& [key, value] : recipe) keys.insert(key);
  }
  std::vector<KeyDifference> result;
  for (const std::string& key : keys) {
    KeyDifference difference{.key = key, .values = {}};
    for (const FlatRecipe& recipe : recipes) {
      const auto found = recipe.find(key);
      difference.values.push_back(found == recipe.end() ? "" : found->second);
    }
    const auto& values = difference.values;
    if (std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) != values.end())
      result.push_back(difference);
  }
  return result;
}

FlatRecipe without_seed(FlatRecipe recipe) {
  recipe.erase("seed");
  recipe.erase("name");
  return recipe;
}

}  // namespace thalweg::cli
