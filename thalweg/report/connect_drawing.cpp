#include "thalweg/report/connect_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "thalweg/report/number.h"
#include "thalweg/report/plot.h"
#include "thalweg/report/svg.h"

namespace thalweg::report {
namespace {

constexpr double kWidth = 460, kHeight = 340, kLeft = 66, kRight = 20, kTop = 64, kBottom = 52, kLine = 20;
// Told apart by people who see few colours, too (Okabe, Ito 2008).
constexpr std::array<const char*, 5> kColours{"#777777", "#0072b2", "#e69f00", "#009e73", "#cc79a7"};
constexpr std::array<const char*, 5> kDashes{"6 4", "", "3 3", "", "3 3"};

struct Scale {
  double low, high, from, to;
  double operator()(double v) const { return from + (v - low) / (high - low) * (to - from); }
};

Scale loss_scale(const Connection& c, std::size_t part) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Connection::Path& path : c.paths) {
    for (const double loss : path.parts[part].loss) {
      if (!std::isfinite(loss)) continue;
      low = std::min(low, loss);
      high = std::max(high, loss);
    }
  }
  if (!(high > low)) high = low + 1.0;
  const double pad = 0.05 * (high - low);
  return {std::min(low, std::max(0.0, low - pad)), high + pad, kHeight - kBottom, kTop};
}

std::string axes(const Connection& c, std::size_t part, const Scale& x, const Scale& y) {
  const std::string& name = c.paths.front().parts[part].name;
  std::string svg =
      svg_text(kLeft, kTop - 14, name == "train" ? "training rows" : "held-out rows", "font-weight=\"600\"");
  for (const double t : axis_ticks(y.low, y.high)) {
    svg += fmt::format("<path d=\"M{1} {0:.1f}H{2}\" stroke=\"#e5e5e5\"/>\n", y(t), kLeft, kWidth - kRight);
    svg += svg_text(kLeft - 8, y(t) + 4, number(t, 4), "text-anchor=\"end\"");
  }
  for (const double t : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const std::string label = t == 0.0 ? "A" : t == 1.0 ? "B" : number(t);
    svg += fmt::format("<path d=\"M{0:.1f} {1}v5\" stroke=\"#999\"/>\n", x(t), kHeight - kBottom);
    svg += svg_text(x(t), kHeight - kBottom + 19, label, "text-anchor=\"middle\"");
  }
  svg += svg_text((kLeft + kWidth - kRight) / 2, kHeight - 12, "on the straight way from A to B",
                  "text-anchor=\"middle\"");
  const double middle = (kTop + kHeight - kBottom) / 2;
  return svg + svg_text(16, middle, "loss",
                        fmt::format("text-anchor=\"middle\" transform=\"rotate(-90 16 {:.1f})\"", middle));
}

std::string curve(const std::vector<double>& at, const std::vector<double>& loss, const Scale& x, const Scale& y,
                  std::size_t k) {
  std::string d, dots;
  bool pen = false;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!std::isfinite(loss[i])) {
      pen = false;
      continue;
    }
    d += fmt::format("{}{:.1f} {:.1f}", pen ? "L" : "M", x(at[i]), y(loss[i]));
    dots +=
        fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\" fill=\"{}\"/>\n", x(at[i]), y(loss[i]), kColours[k]);
    pen = true;
  }
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\" stroke-dasharray=\"{}\"/>\n", d,
                     kColours[k], kDashes[k]) +
         dots;
}

std::string panel(const Connection& c, std::size_t part) {
  const Scale x{0.0, 1.0, kLeft, kWidth - kRight}, y = loss_scale(c, part);
  std::string svg = axes(c, part, x, y);
  for (std::size_t k = 0; k < c.paths.size(); ++k)
    svg += curve(c.at, c.paths[k].parts[part].loss, x, y, k % kColours.size());
  return fmt::format("<g transform=\"translate({:.0f} 0)\">\n{}</g>\n", static_cast<double>(part) * kWidth, svg);
}

std::string legend(const Connection& c) {
  std::string svg;
  for (std::size_t k = 0; k < c.paths.size(); ++k) {
    const double y = kHeight + 8 + kLine * static_cast<double>(k);
    const std::size_t i = k % kColours.size();
    svg += fmt::format("<path d=\"M{} {:.1f}h28\" stroke=\"{}\" stroke-width=\"2.2\" stroke-dasharray=\"{}\"/>\n",
                       kLeft, y, kColours[i], kDashes[i]);
    svg += svg_text(kLeft + 38, y + 4,
                    fmt::format("{}: barrier {}", c.paths[k].name, number(c.paths[k].parts.front().barrier.value)), "");
  }
  return svg;
}

}  // namespace

std::string connect_plot(const Connection& c, const Look& look) {
  std::vector<Curve> curves;
  curves.reserve(c.paths.size());
  for (const Connection::Path& path : c.paths)
    curves.push_back({.name = path.name, .x = c.at, .y = path.parts.front().loss});
  return plot(curves,
              {.title = "  loss on training rows, from A (0) to B (1)",
               .rows = 10,
               .log_range = std::numeric_limits<double>::infinity()},
              look);
}

std::string connect_svg(const Connection& c) {
  if (c.paths.empty()) return "";
  const double width = kWidth * static_cast<double>(c.paths.front().parts.size());
  const double height = kHeight + 8 + kLine * static_cast<double>(c.paths.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\">\n<rect width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" fill=\"#fff\"/>\n",
      width, height);
  svg += svg_text(kLeft, 26, fmt::format("A: {},  B: {}", c.subject_a, c.subject_b),
                  "font-size=\"15\" font-weight=\"600\"");
  for (std::size_t part = 0; part < c.paths.front().parts.size(); ++part) svg += panel(c, part);
  return svg + legend(c) + "</svg>\n";
}

}  // namespace thalweg::report
