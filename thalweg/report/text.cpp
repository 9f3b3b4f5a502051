#include "thalweg/report/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "thalweg/report/utf8.h"

namespace thalweg::report {
namespace {

// Bytes of the ANSI colour sequence (ESC [ … m) at the beginning of `text`; 0 where there is none.
std::size_t colour_bytes(std::string_view text) {
  if (text.size() < 3 || text[0] != '\x1b' || text[1] != '[') return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

// One thing on the terminal: a colour sequence (no columns) or a code point.
struct Piece {
  std::size_t bytes;
  int columns;
};
Piece first_piece(std::string_view text) {
  if (const std::size_t colour = colour_bytes(text)) return {colour, 0};
  const CodePoint point = first_code_point(text);
  return {point.bytes, point.valid ? columns(point.value) : 1};
}

// Bytes of the longest beginning of `text` that takes at most `width` columns. Colour sequences after it belong to it.
std::size_t bytes_within(std::string_view text, int width) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const Piece piece = first_piece(text.substr(bytes));
    if (piece.columns > width) break;
    width -= piece.columns;
    bytes += piece.bytes;
  }
  return bytes;
}

}  // namespace

std::string safe_text(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_control(point.value)) {
      result += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(point.value));
    } else {
      result += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
  return result;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    width += piece.columns;
    text.remove_prefix(piece.bytes);
  }
  return width;
}

std::string cut(std::string_view text, int width) {
  if (width <= 0) return "";
  if (display_width(text) <= width) return std::string(text);
  const std::string_view kept = text.substr(0, bytes_within(text, width - 1));
  const bool coloured = kept.find('\x1b') != std::string_view::npos;
  return std::string(kept) + "…" + (coloured ? "\x1b[0m" : "");
}

std::string padded(std::string_view text, int width, Align align) {
  const std::string fill(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
  return align == Align::left ? std::string(text) + fill : fill + std::string(text);
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  width = std::max(width, 2);  // room for one wide character
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] {
    lines.push_back(line);
    line.clear();
  };
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) end_line();
    if (!line.empty()) line += ' ';
    while (display_width(word) > width) {
      const std::size_t bytes = bytes_within(word, width);
      line += word.substr(0, bytes);
      word.remove_prefix(bytes);
      end_line();
    }
    line += word;
  }
  if (!line.empty()) end_line();
  return lines;
}

std::string paragraph(std::string_view text, int width, int indent) {
  std::string result;
  for (const std::string& line : wrapped(text, width - indent)) {
    result.append(static_cast<std::size_t>(indent), ' ').append(line).append("\n");
  }
  return result;
}

}  // namespace thalweg::report
