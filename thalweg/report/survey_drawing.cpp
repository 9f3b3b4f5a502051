#include "thalweg/report/survey_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "thalweg/report/number.h"
#include "thalweg/report/plot.h"
#include "thalweg/report/svg.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();
constexpr double kDecades = 1e-6;  // of the highest density: what is less is the tail of the smoothing

std::string density_plot(const Survey::Density& d, const Look& look) {
  Curve curve{.name = "density", .x = d.at, .y = d.density};
  const double highest = curve.y.empty() ? 0.0 : *std::ranges::max_element(curve.y);
  for (double& y : curve.y) y = y > kDecades * highest ? y : kGap;
  return plot(
      std::array{curve},
      {.title = fmt::format("  density of the eigenvalues, smoothed over {}", number(d.bandwidth, 2)), .rows = 8},
      look);
}

std::string slice_plot(const Survey::Slice& s, const Look& look) {
  const std::string step = std::isfinite(s.step) ? fmt::format("; its step ends at {}", number(s.step)) : "";
  const std::string bend = std::isfinite(s.curvature) ? fmt::format(", curvature {}", number(s.curvature)) : "";
  return plot(std::array{Curve{.name = s.direction, .x = s.at, .y = s.loss}},
              {.title = fmt::format("  loss along the {}{}{}", s.direction, bend, step),
               .rows = 6,
               .log_range = std::numeric_limits<double>::infinity()},
              look);
}

// Where a loss lies between the lowest and the highest, by the root, so that the floor shows its shape.
class Shade {
 public:
  explicit Shade(const std::vector<double>& losses) {
    for (const double loss : losses) {
      if (!std::isfinite(loss)) continue;
      low_ = std::min(low_, loss);
      high_ = std::max(high_, loss);
    }
  }
  double operator()(double loss) const {
    if (!std::isfinite(loss)) return 1.0;
    return high_ > low_ ? std::sqrt((loss - low_) / (high_ - low_)) : 0.0;
  }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

// Dark blue (low) to yellow (high), in equal steps of lightness: viridis by five of its colours.
struct Colour {
  double r, g, b;
};
Colour viridis(double share) {
  constexpr std::array<Colour, 5> kStops{{{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};
  const double place = std::clamp(share, 0.0, 1.0) * (kStops.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(place), kStops.size() - 2);
  const double f = place - static_cast<double>(i);
  const auto mix = [f](double a, double b) { return a + f * (b - a); };
  return {mix(kStops[i].r, kStops[i + 1].r), mix(kStops[i].g, kStops[i + 1].g), mix(kStops[i].b, kStops[i + 1].b)};
}

std::string cell(double share, bool centre, const Look& look) {
  constexpr std::array<const char*, 5> kShades{"  ", "░░", "▒▒", "▓▓", "██"};
  if (!look.colour) {
    return centre ? "()" : kShades[static_cast<std::size_t>(std::min(4.0, 5.0 * share))];
  }
  const Colour c = viridis(share);
  return fmt::format("\x1b[48;2;{:.0f};{:.0f};{:.0f}m{}\x1b[0m", c.r, c.g, c.b, centre ? "()" : "  ");
}

std::string plane_map(const Survey::Plane& p, const Look& look) {
  const Shade shade(p.loss);
  const std::size_t columns = p.x.size();
  std::string text = fmt::format("  loss over {} (across, ± {}) and {} (up, ± {}); () is here\n", p.x_direction,
                                 number(p.x.back()), p.y_direction, number(p.y.back()));
  for (std::size_t j = p.y.size(); j-- > 0;) {
    if (j % 2 != (p.y.size() / 2) % 2) continue;  // a cell is twice as high as wide: every second row, the middle in it
    text += "    ";
    for (std::size_t i = 0; i < columns; ++i) {
      text += cell(shade(p.loss[j * columns + i]), i == columns / 2 && j == p.y.size() / 2, look);
    }
    text += "\n";
  }
  return text + fmt::format("    lowest {}, highest {}\n", number(shade.low(), 4), number(shade.high(), 4));
}

// --- SVG

constexpr double kWidth = 640, kHeight = 400, kLeft = 80, kRight = 24, kTop = 48, kBottom = 56;

struct Scale {
  double low, high, from, to;
  double operator()(double v) const { return from + (v - low) / (high - low) * (to - from); }
};

Scale scale_of(double low, double high, double from, double to) {
  if (!(high > low)) {
    const double pad = low == 0.0 ? 1.0 : 0.1 * std::abs(low);
    return {low - pad, high + pad, from, to};
  }
  return {low, high, from, to};
}

struct Frame {
  std::string title;
  std::string x_title;
  std::string y_title;
  Scale x;
  Scale y;
  bool log_y = false;
};

std::string axes(const Frame& f) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      kWidth, kHeight);
  svg += svg_text(kLeft, 28, f.title, "font-size=\"15\" font-weight=\"600\"");
  for (const double t : axis_ticks(f.x.low, f.x.high)) {
    svg += fmt::format("<path d=\"M{0:.1f} {1}V{2}\" stroke=\"#e5e5e5\"/>\n", f.x(t), kTop, kHeight - kBottom);
    svg += svg_text(f.x(t), kHeight - kBottom + 18, number(t), "text-anchor=\"middle\"");
  }
  for (const double t : axis_ticks(f.y.low, f.y.high)) {
    if (f.log_y && t != std::round(t)) continue;
    svg += fmt::format("<path d=\"M{1} {0:.1f}H{2}\" stroke=\"#e5e5e5\"/>\n", f.y(t), kLeft, kWidth - kRight);
    svg += svg_text(kLeft - 8, f.y(t) + 4, f.log_y ? fmt::format("1e{:.0f}", t) : number(t, 4), "text-anchor=\"end\"");
  }
  svg += svg_text((kLeft + kWidth - kRight) / 2, kHeight - 14, f.x_title, "text-anchor=\"middle\"");
  const double middle = (kTop + kHeight - kBottom) / 2;
  return svg + svg_text(18, middle, f.y_title,
                        fmt::format("text-anchor=\"middle\" transform=\"rotate(-90 18 {:.1f})\"", middle));
}

Scale fit(const std::vector<double>& values, double from, double to) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  return low <= high ? scale_of(low, high, from, to) : scale_of(0.0, 1.0, from, to);
}

std::string density_svg(const Survey::Density& d) {
  const double highest = d.density.empty() ? 1.0 : *std::ranges::max_element(d.density);
  const auto log = [&](std::vector<double> values) {
    for (double& v : values) v = std::log10(std::max(v, kDecades * highest));
    return values;
  };
  const std::vector<double> middle = log(d.density), low = log(d.low), high = log(d.high);
  Frame f{.title = "Density of the eigenvalues",
          .x_title = fmt::format("eigenvalue (smoothed over {})", number(d.bandwidth, 2)),
          .y_title = "share of the eigenvalues per unit",
          .x = fit(d.at, kLeft, kWidth - kRight),
          .y = scale_of(std::log10(highest) + std::log10(kDecades), std::ceil(std::log10(highest)), kHeight - kBottom,
                        kTop),
          .log_y = true};
  std::vector<double> x = d.at, band = high;
  x.insert(x.end(), d.at.rbegin(), d.at.rend());
  band.insert(band.end(), low.rbegin(), low.rend());
  return axes(f) +
         fmt::format("<path d=\"{}Z\" fill=\"#2563eb\" opacity=\"0.2\"/>\n",
                     svg_path(
                         x, band, [&](double v) { return f.x(v); }, [&](double v) { return f.y(v); })) +
         fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#2563eb\" stroke-width=\"1.8\"/>\n</svg>\n",
                     svg_path(
                         d.at, middle, [&](double v) { return f.x(v); }, [&](double v) { return f.y(v); }));
}

std::string slice_svg(const Survey::Slice& s) {
  const std::string bend = std::isfinite(s.curvature) ? fmt::format(", curvature {}", number(s.curvature)) : "";
  Frame f{.title = fmt::format("Loss along the {}{}", s.direction, bend),
          .x_title = "distance from the surveyed point",
          .y_title = "loss",
          .x = fit(s.at, kLeft, kWidth - kRight),
          .y = fit(s.loss, kHeight - kBottom, kTop)};
  std::string marks = fmt::format("<path d=\"M{0:.1f} {1}V{2}\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>\n", f.x(0.0),
                                  kTop, kHeight - kBottom);
  if (std::isfinite(s.step)) {
    marks += fmt::format("<path d=\"M{0:.1f} {1}V{2}\" stroke=\"#dc2626\" stroke-dasharray=\"4 3\"/>\n", f.x(s.step),
                         kTop, kHeight - kBottom);
    marks += svg_text(f.x(s.step) + 4, kTop + 12, "the optimizer's step", "fill=\"#dc2626\"");
  }
  return axes(f) + marks +
         fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#2563eb\" stroke-width=\"1.8\"/>\n</svg>\n",
                     svg_path(
                         s.at, s.loss, [&](double v) { return f.x(v); }, [&](double v) { return f.y(v); }));
}

std::string plane_svg(const Survey::Plane& p) {
  const Shade shade(p.loss);
  Frame f{.title = fmt::format("Loss from {} (dark) to {} (bright)", number(shade.low(), 4), number(shade.high(), 4)),
          .x_title = p.x_direction,
          .y_title = p.y_direction,
          .x = fit(p.x, kLeft, kWidth - kRight),
          .y = fit(p.y, kHeight - kBottom, kTop)};
  std::string svg = axes(f);
  const std::size_t columns = p.x.size();
  const double w = (f.x.to - f.x.from) / static_cast<double>(columns - 1),
               h = (f.y.from - f.y.to) / static_cast<double>(p.y.size() - 1);
  svg += fmt::format("<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\">\n", kLeft,
                     kTop, kWidth - kLeft - kRight, kHeight - kTop - kBottom);
  for (std::size_t j = 0; j < p.y.size(); ++j) {
    for (std::size_t i = 0; i < columns; ++i) {
      const Colour c = viridis(shade(p.loss[j * columns + i]));
      svg += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#{:02x}{:02x}{:02x}\"/>\n",
          f.x(p.x[i]) - w / 2, f.y(p.y[j]) - h / 2, w + 0.5, h + 0.5, static_cast<int>(c.r), static_cast<int>(c.g),
          static_cast<int>(c.b));
    }
  }
  return svg + "</svg>\n" +
         fmt::format(
             "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2\"/>\n</svg>\n",
             f.x(0.0), f.y(0.0));
}

std::string file_name(std::string words) {
  std::ranges::replace(words, ' ', '-');
  return words;
}

}  // namespace

std::string survey_drawings(const Survey& s, const Look& look) {
  std::string text;
  if (s.density) text += painted("Spectrum", Paint::bold, look) + "\n" + density_plot(*s.density, look);
  if (!s.slices.empty()) text += painted("Slices", Paint::bold, look) + "\n";
  for (const Survey::Slice& slice : s.slices) text += slice_plot(slice, look);
  if (s.plane) text += plane_map(*s.plane, look);
  return text;
}

std::vector<Drawing> survey_svgs(const Survey& s) {
  std::vector<Drawing> result;
  if (s.density) result.push_back({"survey-density.svg", density_svg(*s.density)});
  for (const Survey::Slice& slice : s.slices) {
    result.push_back({fmt::format("survey-slice-{}.svg", file_name(slice.direction)), slice_svg(slice)});
  }
  if (s.plane) result.push_back({"survey-plane.svg", plane_svg(*s.plane)});
  return result;
}

}  // namespace thalweg::report
