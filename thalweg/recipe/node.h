// A recipe as a tree of plain values, each with the place it was written at: what is left of TOML once it is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace thalweg::recipe {

struct Date {};  // TOML has dates and times; no key takes one

struct Node {
  struct Entry;
  using List = std::vector<Node>;
  using Table = std::vector<Entry>;

  std::variant<Table, List, std::string, bool, std::int64_t, double, Date> value;
  int line = 0;             // in the file; 0: nowhere in it
  bool overridden = false;  // came by --set
  std::string raw;          // by --set: the value as typed

  const Table* table() const { return std::get_if<Table>(&value); }
  const List* list() const { return std::get_if<List>(&value); }
  const std::string* text() const { return std::get_if<std::string>(&value); }

  // Of a table: the value of a key, or null.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  bool has(std::string_view key) const { return find(key) != nullptr; }

  std::string shown() const;      // the value, short, as an error quotes it
  std::string_view kind() const;  // "a list"
};

struct Node::Entry {
  std::string key;
  Node node;
};

}  // namespace thalweg::recipe
