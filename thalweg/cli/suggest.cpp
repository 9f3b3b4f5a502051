#include "thalweg/cli/suggest.h"

#include <fmt/format.h>

#include "thalweg/record/error.h"
#include "thalweg/report/text.h"

namespace thalweg::cli {

std::string suggestion(std::string_view word, const std::vector<std::string_view>& names, std::string_view otherwise) {
  const std::string near = nearest(word, names);
  if (near.empty()) return fmt::format("; {}", otherwise);
  return fmt::format("; did you mean '{}'? {}", report::safe_text(near), otherwise);
}

}  // namespace thalweg::cli
