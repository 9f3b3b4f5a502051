// TOML text to a tree of nodes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "thalweg/recipe/node.h"

namespace thalweg::recipe {

struct SyntaxError {
  int line = 0;
  std::string what;
};

// The tree, or what is wrong: not TOML, not UTF-8, or too deep.
std::optional<SyntaxError> read_toml(std::string_view text, Node& out);

}  // namespace thalweg::recipe
