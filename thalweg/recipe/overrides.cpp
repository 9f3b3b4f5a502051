#include "thalweg/recipe/overrides.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "thalweg/recipe/nesting.h"
#include "thalweg/recipe/toml_reader.h"
#include "thalweg/record/error.h"

namespace thalweg::recipe {
namespace {

void mark(Node& node, const std::string& raw) {
  node.overridden = true;
  node.line = 0;
  node.raw = raw;
  if (auto* list = std::get_if<Node::List>(&node.value)) {
    for (Node& item : *list) mark(item, "");
  } else if (auto* table = std::get_if<Node::Table>(&node.value)) {
    for (Node::Entry& entry : *table) mark(entry.node, "");
  }
}

// TOML where it is TOML; ".01" and other numbers that only people write; else the text itself.
Node value_of(const std::string& raw, const Place& place) {
  Node value;
  Node parsed;
  const std::optional<SyntaxError> error = read_toml("v = " + raw, parsed);
  double number = 0.0;
  const auto [end, failed] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  if (!error && parsed.table()->size() == 1 && !std::holds_alternative<Date>(parsed.find("v")->value)) {
    value = std::move(*parsed.find("v"));
  } else if (failed == std::errc() && end == raw.data() + raw.size()) {
    value.value = number;
  } else {
    value.value = raw;
  }
  mark(value, raw);
  const bool structured = !raw.empty() && std::string_view("[{\"'").find(raw[0]) != std::string_view::npos;
  if (error && structured) place.wrong(value, {"is not TOML: " + error->what});
  return value;
}

Node& child(Node& table, const std::string& key) {
  if (Node* found = table.find(key)) return *found;
  Node made;
  made.overridden = true;
  std::get<Node::Table>(table.value).push_back({key, std::move(made)});
  return std::get<Node::Table>(table.value).back().node;
}

// The node that `key` names inside `at`; null, after a complaint, where there can be none.
Node* step_into(Node& at, const std::string& key, const Node& value, const Place& place) {
  if (at.table()) return &child(at, key);
  auto* list = std::get_if<Node::List>(&at.value);
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (!list || failed != std::errc() || end != key.data() + key.size()) {
    place.wrong(value, {fmt::format("leads nowhere: '{}' is looked up in {}", printable(key), at.kind())});
  } else if (index >= list->size()) {
    place.wrong(value, {fmt::format("leads past the end of a list of {}", list->size())});
  } else {
    return &(*list)[index];
  }
  return nullptr;
}

void erase(Node& root, std::string_view section, std::string_view key) {
  Node* table = root.find(section);
  if (!table || !table->table()) return;
  std::erase_if(std::get<Node::Table>(table->value), [key](const Node::Entry& entry) { return entry.key == key; });
}

// Two ways to say the same thing: the override's way replaces the file's.
void drop_alternative(Node& root, const std::string& path, const Node& value) {
  if (path == "metric.kind") erase(root, "metric", "kinds");
  if (path == "metric.kinds") erase(root, "metric", "kind");
  if (path == "model.layers" && value.list()) erase(root, "model", "preset");
  const Node* model = root.find("model");
  const Node* layers = model ? model->find("layers") : nullptr;
  if (path == "model.preset" && layers && layers->list()) erase(root, "model", "layers");
}

}  // namespace

void apply_override(const std::string& assignment, Node& root, Problems& problems) {
  const std::size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  const Place place{&problems, path};
  const auto dots = static_cast<std::size_t>(std::ranges::count(path, '.'));
  if (equals == std::string::npos || path.empty() || dots > kDeepest) {
    Node nothing;
    mark(nothing, assignment);
    return place.wrong(nothing, {"is not an assignment", "key=value"});
  }
  Node value = value_of(assignment.substr(equals + 1), place);
  drop_alternative(root, path, value);
  Node* at = &root;
  for (std::size_t begin = 0; at && begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    at = step_into(*at, path.substr(begin, end - begin), value, place);
    begin = end + 1;
  }
  if (at) *at = std::move(value);
}

}  // namespace thalweg::recipe
