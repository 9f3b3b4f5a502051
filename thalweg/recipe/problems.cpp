#include "thalweg/recipe/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "thalweg/recipe/print.h"
#include "thalweg/record/error.h"

namespace thalweg::recipe {

std::string Problems::where(const Node& node) const {
  if (node.overridden) return "--set";
  return node.line > 0 ? fmt::format("{}:{}", printable(file_), node.line) : printable(file_);
}

void Problems::add(const Node& node, const std::string& path, const Complaint& complaint) {
  std::string text = fmt::format("{}: {} = {}: {}", where(node), printable(path), node.shown(), complaint.what);
  if (!complaint.allowed.empty()) text += "; allowed: " + complaint.allowed;
  if (!complaint.nearest.empty()) text += fmt::format("; did you mean '{}'?", printable(complaint.nearest));
  lines_.push_back({node.overridden ? INT_MAX : node.line, std::move(text)});
}

void Problems::add_missing(const Node& table, const std::string& path, const std::string& allowed) {
  std::string text = fmt::format("{}: {}: is missing and has no default", where(table), path);
  if (!allowed.empty()) text += "; allowed: " + allowed;
  lines_.push_back({table.overridden ? INT_MAX : table.line, std::move(text)});
}

void Problems::raise() const {
  constexpr std::size_t kMost = 100;
  if (lines_.empty()) return;
  std::vector<Line> sorted = lines_;
  std::ranges::stable_sort(sorted, {}, &Line::line);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min(kMost, sorted.size()); ++i) texts.push_back(sorted[i].text);
  if (sorted.size() > kMost) texts.push_back(fmt::format("and {} more", sorted.size() - kMost));
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
  return nearest(plain, candidates);
}

}  // namespace thalweg::recipe
