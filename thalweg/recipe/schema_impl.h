// The templates of schema.h, which alone includes this.
#pragma once

#include "thalweg/recipe/schema.h"

namespace thalweg::recipe {

template <class T>
template <class Access, class V>
Field<T>& Section<T>::key(std::string name, Access access, const Type<V>& type, std::string meaning) {
  const T standard{};
  Field<T> field{.key = std::move(name),
                 .type = type.allowed,
                 .standard = type.write(std::invoke(access, standard)),
                 .meaning = std::move(meaning)};
  field.read = [access, type](const Node& node, T& out, const Place& place) {
    if (std::optional<Complaint> complaint = type.read(node, std::invoke(access, out))) {
      if (complaint->allowed.empty()) complaint->allowed = type.allowed;
      place.wrong(node, *complaint);
    }
  };
  field.write = [access, type](const T& value, const T&) { return type.write(std::invoke(access, value)); };
  return key(std::move(field));
}

template <class T>
template <class Access, class U>
Field<T>& Section<T>::table(std::string name, Access access, const Section<U>& (*section)(), std::string meaning) {
  Field<T> field{.key = std::move(name), .type = "table", .meaning = std::move(meaning), .is_table = true};
  field.read = [access, section](const Node& node, T& out, const Place& place) {
    section().read(node, std::invoke(access, out), place);
  };
  field.write = [access, section](const T& value, const T& base) -> std::string {
    const U& inner = std::invoke(access, value);
    const U& inner_base = std::invoke(access, base);
    return inner == inner_base ? "" : section().in_braces(inner, inner_base);
  };
  field.write_table = [access, section](const T& value, const std::string& path) {
    return section().lines(std::invoke(access, value), path);
  };
  field.describe_inner = [section](const std::string& path, std::vector<Described>& out) {
    section().describe(path, out);
  };
  field.idle_inner = [access, section](const T& value, const std::string& path, std::vector<std::string>& out) {
    section().idle(std::invoke(access, value), path, out);
  };
  return key(std::move(field));
}

template <class T>
template <class Access, class U>
Field<T>& Section<T>::list(std::string name, Access access, const Section<U>& (*section)(), U (*first)(const T&),
                           std::string meaning) {
  Field<T> field{.key = std::move(name), .type = "list of tables", .standard = "[]", .meaning = std::move(meaning)};
  field.read = [access, section, first](const Node& node, T& out, const Place& place) {
    if (!node.list()) return place.wrong(node, wrong_kind(node, "a list of tables"));
    std::vector<U>& items = std::invoke(access, out);
    for (std::size_t i = 0; i < node.list()->size(); ++i) {
      items.push_back(first(out));
      section().read((*node.list())[i], items.back(), place / i);
    }
  };
  field.write = [access, section, first](const T& value, const T&) {
    std::vector<std::string> rows;
    for (const U& item : std::invoke(access, value)) rows.push_back(section().in_braces(item, first(value)));
    return stacked(rows);
  };
  if constexpr (!std::is_same_v<T, U>) {  // a list of its own kind is described once
    field.describe_inner = [section](const std::string& path, std::vector<Described>& out) {
      section().describe(path, out);
    };
  }
  field.idle_inner = [access, section](const T& value, const std::string& path, std::vector<std::string>& out) {
    const std::vector<U>& items = std::invoke(access, value);
    for (std::size_t i = 0; i < items.size(); ++i) section().idle(items[i], path + "." + std::to_string(i), out);
  };
  return key(std::move(field));
}

template <class T>
void Section<T>::read(const Node& node, T& out, const Place& place) const {
  if (!node.table()) return place.wrong(node, wrong_kind(node, "a table"));
  const std::size_t before = place.problems->count();
  const bool decided = read_fields(node, out, place);
  for (const Node::Entry& entry : *node.table()) judge_key(entry, out, decided, place);
  if (decided && finish_) finish_(out, node, place, place.problems->count() == before);
}

template <class T>
bool Section<T>::read_fields(const Node& node, T& out, const Place& place) const {
  bool decided = true;
  for (const Field<T>& field : fields_) {
    const Node* value = node.find(field.key);
    if (field.strict && (!decided || !field.applies(out))) continue;
    const std::size_t before = place.problems->count();
    if (value) {
      field.read(*value, out, place / field.key);
    } else if (field.required) {
      place.problems->add_missing(node, (place / field.key).path, field.type);
    } else if (field.is_table) {
      field.read(Node{}, out, place / field.key);
    } else if (field.absent) {
      field.absent(out);
    }
    if (field.decides && place.problems->count() > before) decided = false;
  }
  return decided;
}

template <class T>
void Section<T>::judge_key(const Node::Entry& entry, const T& out, bool decided, const Place& place) const {
  std::vector<std::string_view> known;
  std::vector<std::string> owner_names;
  const Field<T>* stranger = nullptr;  // the key, but of another kind
  for (const Field<T>& field : fields_) {
    const bool same = field.key == entry.key;
    if (same && (!decided || field.applies(out))) return;
    if (same) {
      stranger = &field;
      owner_names.insert(owner_names.end(), field.owned.names.begin(), field.owned.names.end());
    } else if ((!decided || field.applies(out)) && (known.empty() || known.back() != field.key)) {
      known.push_back(field.key);
    }
  }
  judge_stranger(entry, place, known, owner_names,
                 stranger ? stranger->owned.decider + " \"" + stranger->owned.current(out) + '"' : "");
}

template <class T>
std::vector<std::string> Section<T>::pairs(const T& value, const T& base, bool tables) const {
  std::vector<std::string> result;
  for (const Field<T>& field : fields_) {
    if (!field.write || !field.applies(value) || (field.write_table && !tables)) continue;
    const std::string text = field.write(value, base);
    if (!text.empty()) result.push_back(field.key + " = " + text);
  }
  return result;
}

template <class T>
std::string Section<T>::in_braces(const T& value, const T& base) const {
  return "{ " + joined(pairs(value, base, true)) + " }";
}

template <class T>
std::string Section<T>::lines(const T& value, const std::string& path) const {
  std::string result = path.empty() ? "" : "\n[" + path + "]\n";
  for (const std::string& pair : pairs(value, T{}, false)) result += pair + '\n';
  for (const Field<T>& field : fields_) {
    if (field.write_table) result += field.write_table(value, path.empty() ? field.key : path + "." + field.key);
  }
  return result;
}

template <class T>
void Section<T>::describe(const std::string& path, std::vector<Described>& out) const {
  for (const Field<T>& field : fields_) {
    const std::string full = path.empty() ? field.key : path + "." + field.key;
    out.push_back({full, field.type, field.standard, field.meaning, field.owned.names});
    if (field.describe_inner) field.describe_inner(full, out);
  }
}

template <class T>
void Section<T>::idle(const T& value, const std::string& path, std::vector<std::string>& out) const {
  const T standard{};
  for (const Field<T>& field : fields_) {
    const std::string full = path.empty() ? field.key : path + "." + field.key;
    if (field.idle_inner) {
      field.idle_inner(value, full, out);
    } else if (!field.strict && !field.owned.names.empty() && !field.owned.has(value) &&
               field.write(value, standard) != field.write(standard, standard)) {
      out.push_back(full + " = " + field.write(value, standard) + ": has no effect with " + field.owned.decider +
                    " = \"" + field.owned.current(value) + "\"; it belongs to " + joined(field.owned.names));
    }
  }
}

}  // namespace thalweg::recipe
