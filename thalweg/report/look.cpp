#include "thalweg/report/look.h"

namespace thalweg::report {

std::string painted(std::string_view text, Paint paint, const Look& look) {
  constexpr std::string_view kCodes[] = {"1", "2", "31", "32", "33", "34", "35", "36"};  // in the order of Paint
  if (!look.colour || text.empty()) return std::string(text);
  std::string result = "\x1b[";
  result.append(kCodes[static_cast<std::size_t>(paint)]).append("m").append(text).append("\x1b[0m");
  return result;
}

}  // namespace thalweg::report
