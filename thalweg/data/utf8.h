// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF (Unicode 15, table 3-7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thalweg {

inline constexpr char32_t kNoCharacter = 0xffffffffU;

// The character at `text[at]`, and `at` moved behind it; kNoCharacter, and `at` left there, where it is none.
char32_t next_character(std::string_view text, std::size_t& at);

void append_utf8(char32_t character, std::string& text);

}  // namespace thalweg
