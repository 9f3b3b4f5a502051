#include "thalweg/report/sparkline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool empty() const { return low > high; }
};

Range finite_range(std::span<const double> values) {
  Range range;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  return range;
}

// Means of `width` stretches of nearly equal length; NaN where a stretch holds a value that is not finite.
std::vector<double> shortened(std::span<const double> values, std::size_t width) {
  if (values.size() <= width) return {values.begin(), values.end()};
  std::vector<double> result;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t first = i * values.size() / width, last = (i + 1) * values.size() / width;
    double mean = 0.0;
    for (std::size_t j = first; j < last; ++j) mean += values[j] / static_cast<double>(last - first);
    result.push_back(mean);
  }
  return result;
}

constexpr double kLogRange = 100.0;  // a wider range of positive values is drawn in logarithms, as plots do

bool logarithmic(const Range& range) { return range.low > 0.0 && range.high >= kLogRange * range.low; }

}  // namespace

std::string sparkline(std::span<const double> values, int width) {
  const Range whole = finite_range(values);
  std::vector<double> scaled(values.begin(), values.end());
  if (logarithmic(whole))
    std::transform(scaled.begin(), scaled.end(), scaled.begin(), [](double v) { return std::log(v); });
  const std::vector<double> shown = shortened(scaled, static_cast<std::size_t>(std::max(width, 1)));
  const Range range = finite_range(shown);
  // Halves: the difference of two finite numbers may overflow.
  const double height = range.high / 2 - range.low / 2;
  std::string result;
  for (const double value : shown) {
    if (!std::isfinite(value)) {
      result += "×";
    } else if (height <= 0.0 || whole.low == whole.high) {  // the means of equal values differ by rounding
      result += kBars[3];
    } else {
      const double part = (value / 2 - range.low / 2) / height;
      result += kBars[std::min<std::size_t>(7, static_cast<std::size_t>(part * 8.0))];
    }
  }
  return result;
}

std::string labelled_sparkline(std::span<const double> values, const Look& look) {
  if (values.empty()) return "";
  constexpr int kNarrowest = 8, kWidest = 40;  // bars
  const Range range = finite_range(values);
  const std::string first = number(values.front()), last = number(values.back());
  std::string note = range.empty() ? "nothing finite"
                                   : fmt::format("lowest {}, highest {}{}", number(range.low), number(range.high),
                                                 logarithmic(range) ? ", log scale" : "");
  int room = look.width - static_cast<int>(first.size() + last.size()) - 2;
  if (room - static_cast<int>(note.size()) - 3 < kNarrowest) {
    note.clear();
  } else {
    room -= static_cast<int>(note.size()) + 3;
  }
  const std::string bars = painted(sparkline(values, std::clamp(room, kNarrowest, kWidest)), Paint::cyan, look);
  return fmt::format("{} {} {}{}", first, bars, last, note.empty() ? "" : "   " + painted(note, Paint::dim, look));
}

}  // namespace thalweg::report
