#include "thalweg/recipe/node.h"

#include <array>
#include <utility>

#include "thalweg/recipe/print.h"
#include "thalweg/record/error.h"

namespace thalweg::recipe {

const Node* Node::find(std::string_view key) const {
  if (const Table* entries = table()) {
    for (const Entry& entry : *entries) {
      if (entry.key == key) return &entry.node;
    }
  }
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

std::string Node::shown() const {
  if (!raw.empty()) return printable(raw);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return print(*whole);
  if (const auto* number = std::get_if<double>(&value)) return print(*number);
  if (const std::string* string = text()) return '"' + printable(*string) + '"';
  if (const List* entries = list()) return entries->empty() ? "[]" : "[…]";
  if (const Table* entries = table()) return entries->empty() ? "{}" : "{…}";
  return "a date";
}

std::string_view Node::kind() const {
  constexpr std::array<std::string_view, 7> kKinds{"a table",        "a list",   "a text", "true or false",
                                                   "a whole number", "a number", "a date"};
  return kKinds[value.index()];
}

}  // namespace thalweg::recipe
