#include "thalweg/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr std::array kPaints = {Paint::cyan, Paint::yellow, Paint::magenta, Paint::green, Paint::blue, Paint::red};
constexpr int kNone = -1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// From the data to dots. Logarithmic axes are made by taking logarithms before.
struct Axis {
  double low = kInfinity;
  double high = -kInfinity;
  bool logarithmic = false;

  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Dot 0 … dots-1 for a value within the range. Halves, since the range of finite numbers may overflow.
  int dot(double value, int dots) const {
    const double height = scaled(high) / 2 - scaled(low) / 2;
    if (height <= 0.0) return dots / 2;
    return static_cast<int>(std::lround((scaled(value) / 2 - scaled(low) / 2) / height * (dots - 1)));
  }
};

// Braille cells of 2 × 4 dots, each with the curve that drew there last.
class Canvas {
 public:
  Canvas(int columns, int rows) : columns_(columns), rows_(rows), cells_(static_cast<std::size_t>(columns * rows)) {}
  int dots_across() const { return 2 * columns_; }
  int dots_up() const { return 4 * rows_; }

  // (0, 0) is the lower left dot.
  void mark(int x, int y, int curve) {
    constexpr int kBits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};  // Unicode's order of the dots
    const int down = dots_up() - 1 - y;
    Cell& cell = cells_[static_cast<std::size_t>(down / 4 * columns_ + x / 2)];
    cell.dots |= kBits[down % 4][x % 2];
    cell.curve = curve;
  }
  void line(int x0, int y0, int x1, int y1, int curve) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= steps; ++i) mark(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, curve);
  }
  std::string row(int row, const Look& look) const {
    std::string result;
    for (int column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[static_cast<std::size_t>(row * columns_ + column)];
      result += cell.dots == 0
                    ? " "
                    : painted(braille(cell.dots), kPaints[static_cast<std::size_t>(cell.curve) % kPaints.size()], look);
    }
    return result;
  }

 private:
  struct Cell {
    int dots = 0;
    int curve = kNone;
  };
  static std::string braille(int dots) {  // U+2800 + dots, as UTF-8
    return {'\xe2', static_cast<char>(0xa0 + (dots >> 6)), static_cast<char>(0x80 + (dots & 0x3f))};
  }
  int columns_;
  int rows_;
  std::vector<Cell> cells_;
};

bool drawable(const Curve& curve, std::size_t i) { return std::isfinite(curve.x[i]) && std::isfinite(curve.y[i]); }
std::size_t length(const Curve& curve) { return std::min(curve.x.size(), curve.y.size()); }

struct Axes {
  Axis x;
  Axis y;
};
Axes axes_of(std::span<const Curve> curves, double log_range) {
  Axes axes;
  for (const Curve& curve : curves) {
    for (std::size_t i = 0; i < length(curve); ++i) {
      if (!drawable(curve, i)) continue;
      axes.x.include(curve.x[i]);
      axes.y.include(curve.y[i]);
    }
  }
  axes.y.logarithmic = axes.y.low > 0.0 && axes.y.high / axes.y.low >= log_range;
  return axes;
}

// Draws one curve, with gaps where it is not finite; gives the text row in which it ends.
int draw(Canvas& canvas, const Curve& curve, int number, const Axes& axes) {
  int x_before = kNone, y_before = kNone;
  int end = kNone;
  for (std::size_t i = 0; i < length(curve); ++i) {
    if (!drawable(curve, i)) {
      x_before = kNone;
      continue;
    }
    const int x = axes.x.dot(curve.x[i], canvas.dots_across()), y = axes.y.dot(curve.y[i], canvas.dots_up());
    canvas.line(x_before == kNone ? x : x_before, x_before == kNone ? y : y_before, x, y, number);
    x_before = x;
    y_before = y;
    end = (canvas.dots_up() - 1 - y) / 4;
  }
  return end;
}

std::string x_axis(const Axis& axis, int label_width, int columns) {
  const std::string first = number(axis.low), last = number(axis.high);
  std::string rule;
  for (int i = 0; i < columns; ++i) rule += "─";
  const std::string indent(static_cast<std::size_t>(label_width) + 1, ' ');
  return indent + "└" + rule + "\n" + indent + " " + first +
         padded(last, std::max(columns - display_width(first), display_width(last) + 1), Align::right) + "\n";
}

}  // namespace

std::string letter(std::size_t number) {
  std::string result(1, static_cast<char>('a' + number % 26));
  return number < 26 ? result : result + std::to_string(number / 26);
}

std::string plot(std::span<const Curve> curves, const PlotOptions& options, const Look& look) {
  const Axes axes = axes_of(curves, options.log_range);
  if (axes.y.low > axes.y.high) return "";
  const std::string top = number(axes.y.high), bottom = number(axes.y.low);
  const int label_width = std::max(display_width(top), display_width(bottom));
  const int letters = curves.size() > 1 ? 1 + static_cast<int>(curves.size()) : 0;
  const int columns = std::max(10, look.width - label_width - 2 - std::min(letters, 10));
  Canvas canvas(columns, options.rows);
  std::vector<std::string> ends(static_cast<std::size_t>(options.rows));
  for (std::size_t k = 0; k < curves.size(); ++k) {
    const int end = draw(canvas, curves[k], static_cast<int>(k), axes);
    if (end != kNone && letters > 0)
      ends[static_cast<std::size_t>(end)] += painted(letter(k), kPaints[k % kPaints.size()], look);
  }
  std::string result;
  if (!options.title.empty()) result += options.title + (axes.y.logarithmic ? " (logarithmic)" : "") + "\n";
  for (int row = 0; row < options.rows; ++row) {
    const std::string label = row == 0 ? top : row == options.rows - 1 ? bottom : "";
    const std::string& end = ends[static_cast<std::size_t>(row)];
    const std::string body = canvas.row(row, look);
    std::string line = padded(label, label_width, Align::right) + " " + (label.empty() ? "│" : "┤") + body +
                       (end.empty() ? "" : " " + end);
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + "\n";
  }
  return result + x_axis(axes.x, label_width, columns);
}

}  // namespace thalweg::report
