#include "thalweg/recipe/toml_reader.h"

#include <fmt/format.h>

#include "thalweg/recipe/nesting.h"
#include "thalweg/record/error.h"

// The only file that includes toml++, which is slow to compile.
#include <toml++/toml.h>

namespace thalweg::recipe {
namespace {

Node convert(const toml::node& node);

Node::Table convert(const toml::table& table) {
  Node::Table result;
  for (const auto& [key, value] : table) result.push_back({std::string(key.str()), convert(value)});
  return result;
}

Node::List convert(const toml::array& array) {
  Node::List result;
  for (const toml::node& item : array) result.push_back(convert(item));
  return result;
}

Node convert(const toml::node& node) {
  Node result;
  result.line = static_cast<int>(node.source().begin.line);
  if (const toml::table* table = node.as_table())
    result.value = convert(*table);
  else if (const toml::array* array = node.as_array())
    result.value = convert(*array);
  else if (const auto* text = node.as_string())
    result.value = text->get();
  else if (const auto* whole = node.as_integer())
    result.value = whole->get();
  else if (const auto* number = node.as_floating_point())
    result.value = number->get();
  else if (const auto* boolean = node.as_boolean())
    result.value = boolean->get();
  else
    result.value = Date{};
  return result;
}

}  // namespace

std::optional<SyntaxError> read_toml(std::string_view text, Node& out) {
  if (const int line = too_deep(text)) return SyntaxError{line, fmt::format("nests deeper than {} levels", kDeepest)};
  try {
    out = convert(static_cast<const toml::node&>(toml::parse(text)));
    return std::nullopt;
  } catch (const toml::parse_error& error) {
    return SyntaxError{static_cast<int>(error.source().begin.line), printable(error.description(), 200)};
  }
}

}  // namespace thalweg::recipe
