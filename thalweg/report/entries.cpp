#include "thalweg/report/entries.h"

#include "thalweg/report/sparkline.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr int kLabel = 15;  // columns of the labels on the left, their indent included

}  // namespace

std::string entry(const std::string& label, const std::string& text, const Look& look) {
  std::string result;
  for (const std::string& line : wrapped(text, look.width - kLabel)) {
    const std::string shown = result.empty() ? "  " + cut(label, kLabel - 4) : "";
    result += painted(padded(shown, kLabel), Paint::dim, look) + line + "\n";
  }
  return result;
}

std::string curve_entries(std::span<const Curve> curves, const Look& look) {
  std::string result;
  for (const Curve& curve : curves) {
    if (curve.y.empty()) continue;
    const std::string bars = labelled_sparkline(curve.y, {.width = look.width - kLabel, .colour = look.colour});
    result += painted(padded("  " + cut(safe_text(curve.name), kLabel - 4), kLabel), Paint::dim, look) + bars + "\n";
  }
  return result;
}

}  // namespace thalweg::report
