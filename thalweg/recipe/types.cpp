#include "thalweg/recipe/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace thalweg::recipe {
namespace {

std::string plain(double value) { return fmt::format("{}", value); }

std::string describe(const Range& range) {
  if (!std::isfinite(range.low) && !std::isfinite(range.high)) return "number";
  std::string text = fmt::format("number {} {}", range.low_open ? ">" : ">=", plain(range.low));
  if (std::isfinite(range.high)) text += fmt::format(" and {} {}", range.high_open ? "<" : "<=", plain(range.high));
  return text;
}

std::optional<Complaint> read_number(const Node& node, const Range& range, double& value) {
  double read = 0.0;
  if (const auto* integer = std::get_if<std::int64_t>(&node.value)) {
    read = static_cast<double>(*integer);
  } else if (const auto* real = std::get_if<double>(&node.value)) {
    read = *real;
  } else {
    return wrong_kind(node, "a number");
  }
  if (!std::isfinite(read)) return Complaint{"is not finite"};
  if (read < range.low || (range.low_open && read == range.low)) return Complaint{"is too small"};
  if (read > range.high || (range.high_open && read == range.high)) return Complaint{"is too large"};
  value = read;
  return std::nullopt;
}

template <class I>
Type<I> whole_number(std::int64_t low, std::int64_t high, std::string allowed) {
  const auto read = [low, high](const Node& node, I& value) -> std::optional<Complaint> {
    const auto* integer = std::get_if<std::int64_t>(&node.value);
    if (!integer) return wrong_kind(node, "a whole number");
    if (*integer < low) return Complaint{"is too small"};
    if (*integer > high) return Complaint{fmt::format("is too large, {} is the most", high)};
    value = static_cast<I>(*integer);
    return std::nullopt;
  };
  return {std::move(allowed), read, [](const I& value) { return print(static_cast<std::int64_t>(value)); }};
}

}  // namespace

Type<double> number(const Range& range) {
  return {describe(range), [range](const Node& node, double& value) { return read_number(node, range, value); },
          [](const double& value) { return print(value); }};
}

Type<std::int64_t> whole(std::int64_t low, std::int64_t high) {
  const bool capped = high == kLargestSize || high == kLargestCount;
  return whole_number<std::int64_t>(
      low, high,
      capped ? fmt::format("whole number >= {}", low) : fmt::format("whole number from {} to {}", low, high));
}

Type<std::uint64_t> seed_number() {
  return whole_number<std::uint64_t>(0, std::numeric_limits<std::int64_t>::max(), "whole number >= 0");
}

Type<int> small_whole(int low, int high) {
  return whole_number<int>(low, high, fmt::format("whole number from {} to {}", low, high));
}

Type<bool> yes_no() {
  const auto read = [](const Node& node, bool& value) -> std::optional<Complaint> {
    const auto* boolean = std::get_if<bool>(&node.value);
    if (!boolean) return wrong_kind(node, "true or false");
    value = *boolean;
    return std::nullopt;
  };
  return {"true | false", read, [](const bool& value) { return print(value); }};
}

Type<std::string> text(std::string allowed) {
  const auto read = [](const Node& node, std::string& value) -> std::optional<Complaint> {
    const std::string* found = node.text();
    if (!found && !node.raw.empty() && !node.list() && !node.table()) found = &node.raw;  // --set name=42
    if (!found) return wrong_kind(node, "a text");
    if (found->empty()) return Complaint{"is empty"};
    if (!is_text(*found)) return Complaint{"has control characters or is not UTF-8"};
    value = *found;
    return std::nullopt;
  };
  return {std::move(allowed), read, [](const std::string& value) { return quoted(value); }};
}

Type<std::string> word_of(std::vector<std::string> words) {
  std::vector<std::string_view> views(words.begin(), words.end());
  std::string allowed = one_of(views);
  const auto read = [words = std::move(words)](const Node& node, std::string& value) -> std::optional<Complaint> {
    const std::string* word = node.text();
    if (!word) return wrong_kind(node, "a text");
    if (std::ranges::find(words, *word) == words.end()) return wrong_word(*word, {words.begin(), words.end()});
    value = *word;
    return std::nullopt;
  };
  return {std::move(allowed), read, [](const std::string& value) { return quoted(value); }};
}

Complaint wrong_kind(const Node& node, std::string_view wanted) {
  Complaint complaint{fmt::format("is {}, not {}", node.kind(), wanted)};
  const std::string* text = node.text();
  if (text && wanted != "a text") {  // "0.01": a number in quotes
    double number = 0.0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool is_number = error == std::errc() && end == text->data() + text->size();
    if (is_number || *text == "true" || *text == "false") complaint.nearest = *text;
  }
  return complaint;
}

Complaint wrong_word(std::string_view word, const std::vector<std::string_view>& names,
                     const std::vector<std::string_view>& later) {
  if (std::ranges::find(later, word) != later.end()) return {"is not yet available"};
  std::vector<std::string_view> all = names;
  all.insert(all.end(), later.begin(), later.end());
  return {"is not one of them", "", meant(word, all)};
}

std::string one_of(const std::vector<std::string_view>& names) { return fmt::format("{}", fmt::join(names, " | ")); }

}  // namespace thalweg::recipe
