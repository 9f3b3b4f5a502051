#include "thalweg/report/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "thalweg/report/number.h"
#include "thalweg/report/svg.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kWidestName = 24;

// Where log v lies between the lowest and the highest.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = 0.0;
  bool empty() const { return !(high > 0.0); }
  double operator()(double v) const {
    return high > low ? (std::log(v) - std::log(low)) / (std::log(high) - std::log(low)) : 1.0;
  }
};

bool drawable(double v) { return std::isfinite(v) && v > 0.0; }

Range range_of(const HeatMap& map) {
  Range range;
  for (const double v : map.values) {
    if (!drawable(v)) continue;
    range.low = std::min(range.low, v);
    range.high = std::max(range.high, v);
  }
  return range;
}

struct Colour {
  int r, g, b;
};

// Dark blue to yellow in equal steps of lightness: viridis by five of its colours.
Colour colour_of(double share) {
  constexpr std::array<std::array<double, 3>, 5> kStops{
      {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};
  const double place = std::clamp(share, 0.0, 1.0) * (kStops.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(place), kStops.size() - 2);
  const double f = place - static_cast<double>(i);
  const auto mix = [&](std::size_t k) {
    return static_cast<int>(kStops[i][k] + f * (kStops[i + 1][k] - kStops[i][k]));
  };
  return {mix(0), mix(1), mix(2)};
}

// Median of a layer's measured values in columns [from, to); NaN of none.
double median_of(const HeatMap& map, std::size_t layer, std::size_t from, std::size_t to) {
  std::vector<double> values;
  for (std::size_t c = from; c < to; ++c) {
    const double v = map.values[layer * map.steps.size() + c];
    if (!std::isnan(v)) values.push_back(v);
  }
  if (values.empty()) return kNone;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string cell(double v, const Range& range, const Look& look) {
  constexpr std::array<const char*, 5> kShades{" ", "░", "▒", "▓", "█"};
  if (std::isnan(v)) return "·";
  if (v == 0.0) return "0";
  if (!drawable(v)) return "!";
  const double share = range(v);
  if (!look.colour) return kShades[static_cast<std::size_t>(std::min(4.0, 5.0 * share))];
  const Colour c = colour_of(share);
  return fmt::format("\x1b[48;2;{};{};{}m \x1b[0m", c.r, c.g, c.b);
}

int name_width(const HeatMap& map) {
  int width = 0;
  for (const std::string& layer : map.layers) width = std::max(width, display_width(safe_text(layer)));
  return std::min(width, kWidestName);
}

std::string legend(const Range& range, const Look& look) {
  std::string text = number(range.low) + " ";
  for (int k = 0; k < 5; ++k) text += cell(range.low * std::pow(range.high / range.low, (k + 0.5) / 5.0), range, look);
  return text + " " + number(range.high) + ", by its logarithm";
}

}  // namespace

std::string heat_map(const HeatMap& map, const Look& look) {
  const Range range = range_of(map);
  if (range.empty() || map.steps.empty()) return "";
  const int names = name_width(map);
  const auto room = static_cast<std::size_t>(std::max(look.width - names - 5, 8));
  const std::size_t steps = map.steps.size(), columns = std::min(room, steps);
  const std::string unit = map.unit.empty() || map.unit == "1" ? "" : fmt::format(" ({})", map.unit);
  std::string text = fmt::format("  {}{}: {}\n", map.title, unit, legend(range, look));
  for (std::size_t l = 0; l < map.layers.size(); ++l) {
    text += "  " + padded(cut(safe_text(map.layers[l]), names), names) + " │";
    for (std::size_t c = 0; c < columns; ++c) {
      text += cell(median_of(map, l, c * steps / columns, (c + 1) * steps / columns), range, look);
    }
    text += "\n";
  }
  const std::string first = fmt::format("step {}", count(map.steps.front())), last = count(map.steps.back());
  const int gap = std::max(1, static_cast<int>(columns) - static_cast<int>(first.size() + last.size()));
  return text + std::string(static_cast<std::size_t>(names) + 4, ' ') + first +
         std::string(static_cast<std::size_t>(gap), ' ') + last + "\n";
}

// --- SVG

namespace {

constexpr double kWidth = 720, kLeft = 150, kRight = 24, kTop = 48, kBottom = 76, kRow = 18;

std::string fill_of(double v, const Range& range) {
  if (std::isnan(v)) return "#ffffff";
  if (v == 0.0) return "#000000";
  if (!drawable(v)) return "#d62728";
  const Colour c = colour_of(range(v));
  return fmt::format("#{:02x}{:02x}{:02x}", c.r, c.g, c.b);
}

std::string words(double x, double y, const char* anchor, const std::string& text, int size = 12) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\">{}</text>\n", x, y, anchor,
                     size, svg_escaped(text));
}

std::string colour_bar(const Range& range, double y) {
  constexpr int kParts = 40;
  const double part = 200.0 / kParts;
  std::string svg;
  for (int k = 0; k < kParts; ++k) {
    const Colour c = colour_of((k + 0.5) / kParts);
    svg +=
        fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"10\" fill=\"#{:02x}{:02x}{:02x}\"/>\n",
                    kLeft + k * part, y, part + 0.3, c.r, c.g, c.b);
  }
  return svg + words(kLeft - 6, y + 10, "end", number(range.low)) +
         words(kLeft + 206, y + 10, "start", number(range.high));
}

}  // namespace

std::string heat_map_svg(const HeatMap& map) {
  const Range range = range_of(map);
  if (range.empty() || map.steps.empty()) return "";
  const double height = kTop + kRow * static_cast<double>(map.layers.size()) + kBottom;
  const double w = (kWidth - kLeft - kRight) / static_cast<double>(map.steps.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      kWidth, height);
  svg += words(kLeft, 28, "start", fmt::format("{}: layer by step, by its logarithm", map.title), 15);
  for (std::size_t l = 0; l < map.layers.size(); ++l) {
    const double y = kTop + kRow * static_cast<double>(l);
    svg += words(kLeft - 6, y + 13, "end", cut(map.layers[l], kWidestName));
    for (std::size_t c = 0; c < map.steps.size(); ++c) {
      svg += fmt::format("<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\"/>\n",
                         kLeft + w * static_cast<double>(c), y, w + 0.2, kRow,
                         fill_of(map.values[l * map.steps.size() + c], range));
    }
  }
  const double below = kTop + kRow * static_cast<double>(map.layers.size());
  svg += words(kLeft, below + 16, "start", fmt::format("step {}", count(map.steps.front())));
  svg += words(kWidth - kRight, below + 16, "end", count(map.steps.back()));
  return svg + colour_bar(range, below + 34) + "</svg>\n";
}

}  // namespace thalweg::report
