#include "thalweg/report/entries.h"

#include "thalweg/report/sparkline.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr int kLabel = 15;  // columns of the labels on the left, their indent included
constexpr int kShortLabel = 12;

std::string labelled(const std::string& label, const std::string& text, int columns, const Look& look) {
  std::string result;
  for (const std::string& line : wrapped(text, look.width - columns)) {
    const std::string shown = result.empty() ? "  " + label : "";
    result += painted(padded(shown, columns), Paint::dim, look) + line + "\n";
  }
  return result;
}

}  // namespace

std::string entry(const std::string& label, const std::string& text, const Look& look) {
  return labelled(cut(label, kLabel - 4), text, kLabel, look);
}

std::string short_entry(const std::string& label, const std::string& text, const Look& look) {
  return labelled(label, text, kShortLabel, look);
}

std::string verdict_entries(const VerdictWords& words, std::span<const std::string> reasons,
                            const std::string& would_take, const Look& look) {
  std::string text;
  for (std::string& line : wrapped(words.word + ": " + words.meaning, look.width - 2)) {
    if (text.empty()) line = painted(words.word, words.paint, look) + line.substr(words.word.size());
    text += "  " + line + "\n";
  }
  for (const std::string& reason : reasons) text += short_entry("because", safe_text(reason), look);
  if (!would_take.empty()) text += short_entry("it takes", safe_text(would_take), look);
  return text;
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
