// Text on a terminal: how wide it is, how it is cut, padded and wrapped, and how text from files is made harmless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace thalweg::report {

// Text from anywhere (names in files, recipes, other programs) as it may be shown: control characters, direction marks
// and other invisible ones as \u{hex}, bytes that are not UTF-8 as \xNN. A terminal that shows the result obeys nothing
// in it.
std::string safe_text(std::string_view text);

// Columns that UTF-8 text takes: two for East Asian wide characters and emoji, none for combining marks and for ANSI
// colours.
int display_width(std::string_view text);

// The beginning of `text` that fits in `width` columns, with … where something was cut.
std::string cut(std::string_view text, int width);

enum class Align { left, right };
// `text` filled up with spaces to `width` columns; longer text stays.
std::string padded(std::string_view text, int width, Align align = Align::left);

// Lines of at most `width` columns, broken at spaces; a word that is longer than a line is broken anywhere.
std::vector<std::string> wrapped(std::string_view text, int width);

// The same as one text, each line indented by `indent` columns and ended by a newline.
std::string paragraph(std::string_view text, int width, int indent = 0);

}  // namespace thalweg::report
