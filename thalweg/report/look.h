// How text is drawn: what a caller knows of the place where it will be read.
#pragma once

#include <string>
#include <string_view>

namespace thalweg::report {

struct Look {
  int width = 80;       // columns; text is wrapped or cut to them
  bool colour = false;  // ANSI colours
};

enum class Paint { bold, dim, red, green, yellow, blue, magenta, cyan };

// `text` in that paint, or as it is when the look has no colour.
std::string painted(std::string_view text, Paint paint, const Look& look);

}  // namespace thalweg::report
