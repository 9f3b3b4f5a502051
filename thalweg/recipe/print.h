// Values as TOML text that parses back to the same value, bit for bit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::recipe {

std::string print(double number);  // the shortest text that is this number
std::string print(std::int64_t number);
std::string print(bool value);
std::string quoted(std::string_view text);                     // a basic string, escaped
bool is_text(std::string_view text);                           // valid UTF-8 without control characters
std::string bracketed(const std::vector<std::string>& items);  // [a, b]
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

}  // namespace thalweg::recipe
