#include "thalweg/record/error.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace thalweg {
namespace {

// Optimal string alignment distance: insertions, deletions, substitutions, transpositions of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

// The bytes of the character that `text` begins with, where it is UTF-8 (RFC 3629: nothing overlong, no surrogates) and
// not a control character; 0 where it is neither.
std::size_t printable_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  if (first < 0xC0 || first > 0xF7) return 0;  // a byte that continues a character, or none at all
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  unsigned code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::array kSmallest = {0U, 0U, 0xA0U, 0x800U, 0x10000U};  // 0x80 to 0x9F are control characters
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code >= kSmallest[length] && code <= 0x10FFFF && !surrogate ? length : 0;
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongest = 64;  // longer words are nobody's typing slip
  if (word.empty() || word.size() > kLongest) return "";
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string result;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = printable_length(text.substr(at));
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (at + taken > limit) break;
    if (length > 0) {
      result += text.substr(at, length);
    } else {
      const auto byte = static_cast<unsigned char>(text[at]);
      result += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    }
    at += taken;
  }
  if (at < text.size()) result += "…";
  return result;
}

}  // namespace thalweg
