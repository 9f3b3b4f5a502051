#include "thalweg/report/recurrence_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "thalweg/report/number.h"
#include "thalweg/report/plot.h"
#include "thalweg/report/svg.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

double reach(const RecurrentLayer::Matrix& m) { return 1.1 * std::max(1.0, m.radius); }

// --- SVG: three square panels beside each other

constexpr double kSide = 260, kTop = 56, kLeft = 64, kStep = 340, kHeight = 380;
constexpr const char* kInk = "#2563eb";

struct Panel {
  double left;
  double x_low, x_high, y_low, y_high;
  double x(double v) const { return left + (v - x_low) / (x_high - x_low) * kSide; }
  double y(double v) const { return kTop + kSide - (v - y_low) / (y_high - y_low) * kSide; }
};

std::string tick(const Panel& p, bool across, double v, const std::string& text) {
  if (across) {
    return fmt::format("<path d=\"M{0:.1f} {1}V{2}\" stroke=\"#e5e5e5\"/>\n", p.x(v), kTop, kTop + kSide) +
           svg_text(p.x(v), kTop + kSide + 18, text, "text-anchor=\"middle\"");
  }
  return fmt::format("<path d=\"M{1} {0:.1f}H{2}\" stroke=\"#e5e5e5\"/>\n", p.y(v), p.left, p.left + kSide) +
         svg_text(p.left - 6, p.y(v) + 4, text, "text-anchor=\"end\"");
}

std::string frame(const Panel& p, const std::string& title, const std::string& x_title, bool powers_of_ten) {
  std::string svg = svg_text(p.left, kTop - 12, title, "font-weight=\"600\"");
  for (const double t : axis_ticks(p.x_low, p.x_high, 4.0)) svg += tick(p, true, t, number(t));
  for (const double t : axis_ticks(p.y_low, p.y_high, 4.0)) {
    if (powers_of_ten && t != std::round(t)) continue;
    svg += tick(p, false, t, powers_of_ten ? fmt::format("1e{:.0f}", t) : number(t));
  }
  return svg + svg_text(p.left + kSide / 2, kTop + kSide + 40, x_title, "text-anchor=\"middle\"");
}

std::string polyline(const Panel& p, const std::vector<double>& x, const std::vector<double>& y,
                     const std::string& style) {
  const std::string d = svg_path(
      x, y, [&](double v) { return p.x(v); }, [&](double v) { return p.y(v); });
  return fmt::format("<path d=\"{}\" {}/>\n", d, style);
}

std::string across(const Panel& p, double y, const char* colour) {
  return fmt::format("<path d=\"M{1} {0:.1f}H{2}\" stroke=\"{3}\" stroke-dasharray=\"4 3\"/>\n", p.y(y), p.left,
                     p.left + kSide, colour);
}

std::string eigenvalues_svg(const RecurrentLayer::Matrix& m, double left) {
  const double r = reach(m);
  const Panel p{left, -r, r, -r, r};
  std::string svg = frame(p, fmt::format("Eigenvalues of {}, radius {}", m.name, number(m.radius)),
                          "real part (up: imaginary)", false);
  svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"none\" stroke=\"#999\"/>\n", p.x(0.0),
                     p.y(0.0), kSide / (2.0 * r));
  for (const auto& z : m.eigenvalues) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\" opacity=\"0.7\"/>\n", p.x(z.real()),
                       p.y(z.imag()), kInk);
  }
  return svg;
}

std::vector<double> logs(const std::vector<double>& values) {
  std::vector<double> result;
  result.reserve(values.size());
  for (const double v : values) result.push_back(v > 0.0 ? std::log10(v) : kGap);
  return result;
}

std::vector<double> counted(std::size_t count, double from) {
  std::vector<double> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(from + static_cast<double>(i));
  return result;
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void include(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
};

std::string gradient_svg(const RecurrentLayer& r, double left) {
  const auto x = counted(r.gradient.size(), 0.0);
  const auto middle = logs(r.gradient), low = logs(r.gradient_low), high = logs(r.gradient_high);
  Range range;
  range.include(-2.5);
  range.include(0.5);
  for (const auto* curve : {&middle, &low, &high}) {
    for (const double v : *curve) range.include(v);
  }
  const Panel p{left, 0.0, std::max(1.0, x.back()), std::floor(range.low), std::ceil(range.high)};
  std::string svg =
      frame(p, "Gradient against distance in time", "steps back from the end (thin: 95% over rows)", true);
  svg += polyline(p, x, low, fmt::format("fill=\"none\" stroke=\"{}\" opacity=\"0.35\"", kInk)) +
         polyline(p, x, high, fmt::format("fill=\"none\" stroke=\"{}\" opacity=\"0.35\"", kInk)) +
         polyline(p, x, middle, fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"", kInk)) +
         across(p, -2.0, "#dc2626");
  const std::string horizon =
      r.horizon_seen ? fmt::format("a hundredth: horizon {}", number(r.horizon.value)) : std::string("a hundredth");
  return svg + svg_text(p.left + 6, p.y(-2.0) + 15, horizon, "fill=\"#dc2626\"");
}

std::string exponents_svg(const RecurrentLayer& r, double left) {
  Range range;
  range.include(0.0);
  std::vector<double> values;
  for (const auto& e : r.exponents) {
    values.push_back(e.value);
    range.include(e.value);
    range.include(e.value + e.error);
  }
  if (!(range.high > range.low)) range.include(range.low - 1.0);
  const double pad = 0.05 * (range.high - range.low);
  const auto x = counted(values.size(), 1.0);
  const Panel p{left, 1.0, std::max(2.0, x.back()), range.low - pad, range.high + pad};
  std::string svg = frame(p, "Lyapunov exponents", "number, largest first", false) + across(p, 0.0, "#999");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    const double bar = std::isfinite(r.exponents[i].error) ? r.exponents[i].error : 0.0;
    svg += fmt::format(
        "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"{3}\" opacity=\"0.4\"/>\n<circle cx=\"{0:.1f}\" cy=\"{4:.1f}\" "
        "r=\"2\" fill=\"{3}\"/>\n",
        p.x(x[i]), p.y(values[i] - bar), p.y(values[i] + bar), kInk, p.y(values[i]));
  }
  return svg;
}

}  // namespace

const RecurrentLayer::Matrix* drawn_matrix(const RecurrentLayer& layer) {
  if (layer.matrices.empty()) return nullptr;
  return layer.kind == "rnn" ? &layer.matrices.front() : &layer.matrices.back();
}

std::string eigenvalue_plane(const RecurrentLayer::Matrix& m, const Look& look) {
  constexpr int kRows = 17, kColumns = 35;  // a cell is twice as high as wide
  const double r = reach(m);
  std::array<std::array<int, kColumns>, kRows> cells{};  // −1: the circle; else so many eigenvalues
  const auto at = [&](double x, double y) -> int& {
    const auto column = static_cast<std::size_t>(std::lround((x / r + 1.0) / 2.0 * (kColumns - 1)));
    const auto row = static_cast<std::size_t>(std::lround((1.0 - y / r) / 2.0 * (kRows - 1)));
    return cells[std::min<std::size_t>(row, kRows - 1)][std::min<std::size_t>(column, kColumns - 1)];
  };
  for (int i = 0; i < 360; ++i) {
    const double angle = std::numbers::pi * i / 180.0;
    at(std::cos(angle), std::sin(angle)) = -1;
  }
  for (const auto& z : m.eigenvalues) {
    int& cell = at(z.real(), z.imag());
    cell = std::max(0, cell) + 1;
  }
  std::string text =
      fmt::format("  eigenvalues of {} (o; @ several) beside the unit circle (·), ± {}\n", m.name, number(r));
  for (const auto& row : cells) {
    text += "    ";
    for (const int cell : row) {
      text += cell == 0    ? std::string(" ")
              : cell == -1 ? painted("·", Paint::dim, look)
                           : painted(cell > 1 ? "@" : "o", Paint::cyan, look);
    }
    text += "\n";
  }
  return text;
}

std::string recurrence_plots(const RecurrentLayer& r, const Look& look) {
  std::string text;
  if (const auto* matrix = drawn_matrix(r); matrix != nullptr && std::isfinite(matrix->radius)) {
    text += eigenvalue_plane(*matrix, look);
  }
  if (r.gradient.size() > 1) {
    const std::array curves{Curve{.name = "gradient", .x = counted(r.gradient.size(), 0.0), .y = r.gradient}};
    text += plot(curves, {.title = "  ‖∂L/∂s‖ over its value at the end, against steps back in time", .rows = 8}, look);
  }
  if (r.exponents.size() > 1) {
    Curve curve{.name = "exponents", .x = counted(r.exponents.size(), 1.0), .y = {}};
    for (const auto& e : r.exponents) curve.y.push_back(e.value);
    text += plot(std::array{curve},
                 {.title = "  Lyapunov exponents, largest first",
                  .rows = 6,
                  .log_range = std::numeric_limits<double>::infinity()},
                 look);
  }
  return text;
}

std::string recurrence_svg(const RecurrentLayer& r) {
  const double width = kLeft + 2 * kStep + kSide + 24;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      width, kHeight);
  svg +=
      svg_text(kLeft, 24, fmt::format("{}: {} of {} units over {} steps", safe_text(r.layer), r.kind, r.units, r.time),
               "font-size=\"15\" font-weight=\"600\"");
  if (const auto* matrix = drawn_matrix(r); matrix != nullptr && std::isfinite(matrix->radius)) {
    svg += eigenvalues_svg(*matrix, kLeft);
  }
  if (!r.gradient.empty()) svg += gradient_svg(r, kLeft + kStep);
  if (!r.exponents.empty()) svg += exponents_svg(r, kLeft + 2 * kStep);
  return svg + "</svg>\n";
}

}  // namespace thalweg::report
