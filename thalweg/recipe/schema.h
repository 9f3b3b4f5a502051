// The table of a recipe's keys. Each section of the recipe (sections/*.cpp) lists its keys, one line each; reading,
// judging, writing and describing a recipe all follow from that list.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/recipe/types.h"

namespace thalweg::recipe {

// The section's kinds (formats, types) that a key belongs to.
template <class T>
struct Owners {
  std::string decider;                           // "type"
  std::function<std::string(const T&)> current;  // "conv"
  std::vector<std::string> names;
  bool has(const T& value) const { return std::find(names.begin(), names.end(), current(value)) != names.end(); }
};

template <class T, class E, class Access>
Owners<T> owners(std::string decider, Access access, const std::vector<E>& values) {
  Owners<T> result{
      std::move(decider), [access](const T& value) { return std::string(name(std::invoke(access, value))); }, {}};
  for (const E value : values) result.names.emplace_back(name(value));
  return result;
}

// A key as it is described to a person.
struct Described {
  std::string key, type, standard, meaning;
  std::vector<std::string> owners;  // the kinds it belongs to; empty: all
};

template <class T>
struct Field {
  std::string key, type, standard, meaning;
  std::function<void(const Node&, T&, const Place&)> read;
  std::function<std::string(const T& value, const T& base)> write;  // "": is left out; base: what an absent key means
  std::function<std::string(const T&, const std::string& path)> write_table;  // a section of its own, [path]
  std::function<void(const std::string& prefix, std::vector<Described>&)> describe_inner;
  std::function<void(const T&, const std::string& path, std::vector<std::string>&)> idle_inner;
  std::function<void(T&)> absent;  // sets a default that depends on other keys
  Owners<T> owned;
  bool strict = false;  // for other kinds the key is an error; else it is allowed there, without effect
  bool required = false;
  bool decides = false;  // other keys' owners depend on it
  bool is_table = false;

  bool applies(const T& value) const { return !strict || owned.has(value); }
  // What a key's line may go on with.
  Field& only(Owners<T> owner) { return owned = std::move(owner), strict = true, *this; }
  Field& used_by(Owners<T> owner) { return owned = std::move(owner), *this; }
  Field& must() { return required = true, standard = "must be given", *this; }
  Field& decider() { return decides = true, *this; }
  Field& otherwise(std::string text, std::function<void(T&)> set = nullptr) {
    return standard = std::move(text), absent = std::move(set), *this;
  }
};

// Complains of a key that its section does not know, or, where there are owners, knows for other kinds than `current`.
void judge_stranger(const Node::Entry& entry, const Place& place, const std::vector<std::string_view>& known,
                    const std::vector<std::string>& owners, const std::string& current);
// [ one line a row ]
std::string stacked(const std::vector<std::string>& rows);

template <class T>
class Section {
 public:
  // `clean`: nothing in this section was wrong so far.
  using Finish = std::function<void(T&, const Node&, const Place&, bool clean)>;

  // A key with one value. `access`: a member, or a function that gives a reference to it.
  template <class Access, class V>
  Field<T>& key(std::string name, Access access, const Type<V>& type, std::string meaning);
  // A key that reads and writes in its own way.
  Field<T>& key(Field<T> field) { return fields_.emplace_back(std::move(field)); }
  // A table: [name], or in braces where this section is itself in braces.
  template <class Access, class U>
  Field<T>& table(std::string name, Access access, const Section<U>& (*section)(), std::string meaning);
  // A list of tables. `first(outer)`: an entry before its keys are read.
  template <class Access, class U>
  Field<T>& list(std::string name, Access access, const Section<U>& (*section)(), U (*first)(const T&),
                 std::string meaning);
  // Called after the keys are read, whether the section is there or not, for what concerns several keys.
  void finish(Finish finish) { finish_ = std::move(finish); }

  void read(const Node& node, T& out, const Place& place) const;
  std::string in_braces(const T& value, const T& base) const;
  std::string lines(const T& value, const std::string& path) const;
  void describe(const std::string& prefix, std::vector<Described>& out) const;
  void idle(const T& value, const std::string& path, std::vector<std::string>& out) const;

 private:
  bool read_fields(const Node& node, T& out, const Place& place) const;  // false: what the others depend on is wrong
  void judge_key(const Node::Entry& entry, const T& out, bool decided, const Place& place) const;
  std::vector<std::string> pairs(const T& value, const T& base, bool tables) const;  // key = value

  std::vector<Field<T>> fields_;
  Finish finish_;
};

}  // namespace thalweg::recipe

#include "thalweg/recipe/schema_impl.h"
