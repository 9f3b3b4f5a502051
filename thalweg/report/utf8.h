// UTF-8, read one code point at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thalweg::report {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;  // read; 1 where the byte at this place begins nothing valid
  bool valid = false;
};

// The code point at the beginning of `text`, which is not empty. Overlong forms, surrogates and values past U+10FFFF
// are not valid.
CodePoint first_code_point(std::string_view text);

// 0 for combining and other invisible marks, 2 for East Asian wide and fullwidth characters and emoji (Unicode 15, UAX
// #11), else 1.
int columns(char32_t code_point);

// Whether a terminal or a reader would act on it instead of showing it: C0 and C1 controls, line and paragraph
// separators, direction marks, and the other invisible format characters.
bool is_control(char32_t code_point);

}  // namespace thalweg::report
