// How deep a TOML text nests, found without recursion and before it is parsed: parsers recurse, and a hostile file
// would overflow the stack.
#pragma once

#include <cstddef>
#include <string_view>

namespace thalweg::recipe {

inline constexpr std::size_t kDeepest = 64;

// The first line on which brackets, braces and dotted keys nest more than kDeepest levels, or 0.
int too_deep(std::string_view toml);

}  // namespace thalweg::recipe
