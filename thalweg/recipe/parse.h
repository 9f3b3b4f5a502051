// TOML in, Recipe out, and back.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg::recipe {

// Everything that is wrong with a recipe, all at once: the UsageError's message has a line for each,
// "file:line: key = value: what is wrong; allowed: …; did you mean 'x'?".
// `overrides` are "key=value" as --set takes them ("optimizer.lr=0.01", "model.layers.1.p=0"), applied before
// validation; the value is TOML, or a bare word taken as a string.
Recipe parse_file(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});
Recipe parse_text(std::string_view text, std::string_view file_name, const std::filesystem::path& folder,
                  const std::vector<std::string>& overrides = {});

// The resolved recipe: every key with its value, used or not, except those of other data formats and layer types.
// parse_text(to_toml(r)) gives r again, and to_toml of that the same text. The file may be moved: parsing has made
// relative paths absolute where they exist in the recipe's folder.
std::string to_toml(const Recipe& recipe);

// What the recipe says without effect, a line each: "optimizer.momentum = 0.9: has no effect with kind = "adamw"; …".
// No error, since a key may stay when the kind changes; worth a note.
std::vector<std::string> idle_keys(const Recipe& recipe);

// What `thalweg explain` says of a key: "optimizer.lr".
struct KeyInfo {
  std::string_view key;
  std::string_view type;      // "number > 0"
  std::string_view standard;  // the default, as written
  std::string_view meaning;
};
std::span<const KeyInfo> keys();

}  // namespace thalweg::recipe
