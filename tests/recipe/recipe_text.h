// Recipes to test with.
#pragma once

#include <string>
#include <vector>

#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"

namespace thalweg::recipe {

inline const std::string kData = "[data]\nformat = \"idx\"\npath = \"images\"\n";
inline const std::string kModel = "[model]\nlayers = [{ type = \"linear\", units = 10 }]\n";

inline Recipe parsed(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_text(text, "r.toml", "/nowhere", overrides);
}

// The smallest recipe, with further sections.
inline Recipe parsed_with(const std::string& sections, const std::vector<std::string>& overrides = {}) {
  return parsed(kData + kModel + sections, overrides);
}

// What is said of a recipe that is wrong; "" when nothing is.
inline std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parsed(text, overrides);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

// The same of sections behind the smallest recipe, which ends with line 5.
inline std::string complaint_of(const std::string& sections, const std::vector<std::string>& overrides = {}) {
  return complaint(kData + kModel + sections, overrides);
}

// The same of the layers of a network, one a line from line 6 on.
inline std::string complaint_of_layers(const std::string& layers) {
  return complaint(kData + "[model]\nlayers = [\n" + layers + "\n]\n");
}

}  // namespace thalweg::recipe
