// What an error about a name that does not exist says at its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace thalweg::cli {

// "; did you mean 'explain'? <otherwise>" where one of the names is near the word, else "; <otherwise>".
std::string suggestion(std::string_view word, const std::vector<std::string_view>& names, std::string_view otherwise);

}  // namespace thalweg::cli
