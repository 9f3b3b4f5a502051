#include "thalweg/recipe/nesting.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace thalweg::recipe {
namespace {

// Past the string that begins at `at`. An unfinished one ends with its line, as it is an error there.
std::size_t after_string(std::string_view toml, std::size_t at) {
  const char quote = toml[at];
  const bool escapes = quote == '"';
  const bool multiline = toml.substr(at, 3) == std::string_view(escapes ? "\"\"\"" : "'''");
  for (std::size_t i = at + (multiline ? 3 : 1); i < toml.size(); ++i) {
    if (toml[i] == '\\' && escapes) {
      ++i;
    } else if (!multiline && (toml[i] == quote || toml[i] == '\n')) {
      return toml[i] == quote ? i + 1 : i;
    } else if (multiline && toml.substr(i, 3) == toml.substr(at, 3)) {
      i += 3;
      for (int extra = 0; extra < 2 && i < toml.size() && toml[i] == quote; ++extra)
        ++i;  // up to two belong to the text
      return i;
    }
  }
  return toml.size();
}

}  // namespace

int too_deep(std::string_view toml) {
  std::vector<std::size_t> dots{0};  // of the key at hand, in each open bracket
  std::size_t depth = 0;
  const auto forget = [&] { depth -= std::exchange(dots.back(), 0); };
  int line = 1;
  for (std::size_t i = 0; i < toml.size();) {
    const char c = toml[i];
    if (c == '"' || c == '\'') {
      const std::size_t end = after_string(toml, i);
      line += static_cast<int>(std::count(toml.begin() + i, toml.begin() + end, '\n'));
      i = end;
      continue;
    }
    if (c == '#') {
      i = std::min(toml.find('\n', i), toml.size());
      continue;
    }
    if (c == '\n') ++line;
    if (c == '[' || c == '{') {
      dots.push_back(0);
      ++depth;
    } else if (c == '.') {
      ++dots.back();
      ++depth;
    } else if (c == ',' || (c == '\n' && dots.size() == 1)) {
      forget();
    } else if ((c == ']' || c == '}') && dots.size() > 1) {
      forget();
      dots.pop_back();
      --depth;
    }
    if (depth > kDeepest) return line;
    ++i;
  }
  return 0;
}

}  // namespace thalweg::recipe
