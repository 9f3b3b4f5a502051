#include "thalweg/data/utf8.h"

namespace thalweg {

char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(at);
  if (first < 0x80U) {
    ++at;
    return first;
  }
  const std::size_t length = first >= 0xf0U ? 4 : first >= 0xe0U ? 3 : 2;
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  char32_t character = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80U) return kNoCharacter;
    character = character << 6U | (byte(at + i) & 0x3fU);
  }
  const bool surrogate = character >= 0xd800U && character < 0xe000U;
  if (first < 0xc2U || first > 0xf4U || character < kLeast[length] || surrogate || character > 0x10ffffU)
    return kNoCharacter;
  at += length;
  return character;
}

void append_utf8(char32_t character, std::string& text) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | (character >> shift & 0x3fU)); };
  if (character < 0x80U) {
    text += static_cast<char>(character);
  } else if (character < 0x800U) {
    text += static_cast<char>(0xc0U | character >> 6U);
    tail(0);
  } else if (character < 0x10000U) {
    text += static_cast<char>(0xe0U | character >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0U | character >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace thalweg
