// Everything that is wrong with a recipe, collected, to be told at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/node.h"

namespace thalweg::recipe {

struct Complaint {
  std::string what;          // "is negative"
  std::string allowed = "";  // "number > 0"
  std::string nearest = "";  // what was probably meant
};

class Problems {
 public:
  explicit Problems(std::string_view file) : file_(file) {}
  void add(const Node& node, const std::string& path, const Complaint& complaint);
  void add_missing(const Node& table, const std::string& path, const std::string& allowed);
  std::size_t count() const { return count_; }
  bool full() const { return lines_.size() >= kMost; }  // further ones are only counted
  void raise() const;  // a UsageError with a line for each, in the order of the file, where there is any

 private:
  static constexpr std::size_t kMost = 100;
  struct Line {
    int line;
    std::string text;
  };
  std::string where(const Node& node) const;
  void add_line(const Node& node, const std::string& text);

  std::string file_;
  std::vector<Line> lines_;
  std::size_t count_ = 0;
};

// Where a value stands: its full key, and where to complain.
struct Place {
  Problems* problems;
  std::string path;  // "" for the recipe itself

  Place operator/(std::string_view key) const;
  Place operator/(std::size_t index) const { return *this / std::to_string(index); }
  void wrong(const Node& node, const Complaint& complaint) const { problems->add(node, path, complaint); }
};

// The candidate that `word` was probably meant to be, in spite of capitals, hyphens and spaces; "" when none is near.
std::string meant(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace thalweg::recipe
