// The types of a recipe's values: how one is read and judged, written, and described to a person.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/names.h"
#include "thalweg/recipe/node.h"
#include "thalweg/recipe/print.h"
#include "thalweg/recipe/problems.h"

namespace thalweg::recipe {

template <class V>
struct Type {
  std::string allowed;                                            // "number > 0"
  std::function<std::optional<Complaint>(const Node&, V&)> read;  // sets the value, or says what is wrong
  std::function<std::string(const V&)> write;
};

// Most that sizes and counts may be: what fits an int, and what a double still counts exactly (10^15).
inline constexpr std::int64_t kLargestSize = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t kLargestCount = 1'000'000'000'000'000;

struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;  // low itself is not allowed
  bool high_open = false;
};
Type<double> number(const Range& range);
inline Type<double> any_number() { return number({}); }
inline Type<double> above(double low) { return number({.low = low, .low_open = true}); }
inline Type<double> at_least(double low) { return number({.low = low}); }
inline Type<double> within(double low, double high) { return number({.low = low, .high = high}); }
inline Type<double> share_below(double high) { return number({.low = 0, .high = high, .high_open = true}); }

Type<std::int64_t> whole(std::int64_t low, std::int64_t high);
inline Type<std::int64_t> size_from(std::int64_t low) { return whole(low, kLargestSize); }
inline Type<std::int64_t> count_from(std::int64_t low) { return whole(low, kLargestCount); }
Type<std::uint64_t> seed_number();
Type<int> small_whole(int low, int high);

Type<bool> yes_no();
Type<std::string> text(std::string allowed = "text");  // not empty, no control characters
Type<std::string> word_of(std::vector<std::string> words);

// What is wrong when a value of another kind is found: "is a text, not a number".
Complaint wrong_kind(const Node& node, std::string_view wanted);
// What is wrong with a word that is none of `names`; those in `later` are not yet there.
Complaint wrong_word(std::string_view word, const std::vector<std::string_view>& names,
                     const std::vector<std::string_view>& later = {});
std::string one_of(const std::vector<std::string_view>& names);  // a | b

// One of an enumeration's names, except those in `without`; `later`: names that will come.
template <class E>
Type<E> choice(const std::vector<E>& without = {}, std::vector<std::string_view> later = {}) {
  std::vector<std::string_view> words;
  for (const Name<E>& entry : names<E>()) {
    if (std::find(without.begin(), without.end(), entry.value) == without.end()) words.push_back(entry.name);
  }
  const auto read = [words, later = std::move(later)](const Node& node, E& value) -> std::optional<Complaint> {
    const std::string* word = node.text();
    if (!word) return wrong_kind(node, "a text");
    if (std::find(words.begin(), words.end(), *word) == words.end()) return wrong_word(*word, words, later);
    for (const Name<E>& entry : names<E>()) {
      if (entry.name == *word) value = entry.value;
    }
    return std::nullopt;
  };
  return {one_of(words), read, [](const E& value) { return quoted(name(value)); }};
}

// A list of values of one type. A single value stands for a list of one.
template <class V>
Type<std::vector<V>> list_of(const Type<V>& type, std::size_t at_least = 0) {
  const auto read = [type, at_least](const Node& node, std::vector<V>& values) -> std::optional<Complaint> {
    const Node::List single{node};
    const Node::List& items = node.list() ? *node.list() : single;
    std::vector<V> result(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      V value{};
      if (auto complaint = type.read(items[i], value)) {
        if (!node.list()) return Complaint{complaint->what, type.allowed, complaint->nearest};
        complaint->what = "entry " + std::to_string(i) + ", " + items[i].shown() + ", " + complaint->what;
        return complaint;
      }
      result[i] = std::move(value);
    }
    if (result.size() < at_least) return Complaint{"is empty"};
    values = std::move(result);
    return std::nullopt;
  };
  const auto write = [type](const std::vector<V>& values) {
    std::vector<std::string> items;
    for (const V& value : values) items.push_back(type.write(value));
    return bracketed(items);
  };
  return {"[" + type.allowed + ", …]", read, write};
}

}  // namespace thalweg::recipe
