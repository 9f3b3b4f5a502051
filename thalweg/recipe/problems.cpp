#include "thalweg/recipe/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "thalweg/recipe/print.h"
#include "thalweg/record/error.h"

namespace thalweg::recipe {
namespace {

constexpr std::size_t kLongestPath = 300;  // as it is shown

}  // namespace

std::string Problems::where(const Node& node) const {
  if (node.overridden) return "--set";
  return node.line > 0 ? fmt::format("{}:{}", printable(file_), node.line) : printable(file_);
}

void Problems::add(const Node& node, const std::string& path, const Complaint& complaint) {
  std::string text = fmt::format("{} = {}: {}", printable(path, kLongestPath), node.shown(), complaint.what);
  if (!complaint.allowed.empty()) text += "; allowed: " + complaint.allowed;
  if (!complaint.nearest.empty()) text += fmt::format("; did you mean '{}'?", printable(complaint.nearest));
  add_line(node, text);
}

void Problems::add_missing(const Node& table, const std::string& path, const std::string& allowed) {
  add_line(table,
           fmt::format("{}: is missing and has no default; allowed: {}", printable(path, kLongestPath), allowed));
}

void Problems::add_line(const Node& node, const std::string& text) {
  ++count_;
  if (full()) return;
  lines_.push_back({node.overridden ? INT_MAX : node.line, where(node) + ": " + text});
}

void Problems::raise() const {
  if (lines_.empty()) return;
  std::vector<Line> sorted = lines_;
  std::ranges::stable_sort(sorted, {}, &Line::line);
  std::vector<std::string> texts;
  for (const Line& line : sorted) texts.push_back(line.text);
  if (count_ > lines_.size()) texts.push_back(fmt::format("and {} more", count_ - lines_.size()));
  throw UsageError(joined(texts, "\n"));
}

Place Place::operator/(std::string_view key) const {
  return {problems, path.empty() ? std::string(key) : fmt::format("{}.{}", path, key)};
}

std::string meant(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string plain(word);
  for (char& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  const auto begun = [&](std::string_view candidate) { return candidate.starts_with(plain); };
  if (plain.size() >= 3 && std::ranges::count_if(candidates, begun) == 1) {
    return std::string(*std::ranges::find_if(candidates, begun));
  }
  return nearest(plain, candidates);
}

}  // namespace thalweg::recipe
