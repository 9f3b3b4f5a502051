#include "thalweg/report/svg.h"

#include <fmt/format.h>

#include <cmath>

#include "thalweg/report/text.h"

namespace thalweg::report {

std::string svg_escaped(const std::string& text) {
  std::string result;
  for (const char c : safe_text(text)) {
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return result;
}

std::string svg_text(double x, double y, const std::string& text, const std::string& style) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, style, svg_escaped(text));
}

std::vector<double> axis_ticks(double low, double high, double about) {
  const double raw = (high - low) / about, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5 ? 1.0 : raw / power < 3.5 ? 2.0 : raw / power < 7.5 ? 5.0 : 10.0);
  std::vector<double> result;
  for (double t = std::ceil(low / step) * step; t <= high + 1e-9 * step && result.size() < 20; t += step) {
    result.push_back(std::abs(t) < 1e-9 * step ? 0.0 : t);
  }
  return result;
}

std::string svg_path(const std::vector<double>& x, const std::vector<double>& y,
                     const std::function<double(double)>& x_of, const std::function<double(double)>& y_of) {
  std::string d;
  bool pen = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(y[i])) {
      pen = false;
      continue;
    }
    d += fmt::format("{}{:.1f} {:.1f}", pen ? "L" : "M", x_of(x[i]), y_of(y[i]));
    pen = true;
  }
  return d;
}

}  // namespace thalweg::report
