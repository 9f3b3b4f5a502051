// Labelled paragraphs, as summaries are made of.
#pragma once

#include <span>
#include <string>

#include "thalweg/report/look.h"
#include "thalweg/report/plot.h"
#include "thalweg/report/text.h"

namespace thalweg::report {

// The label once, at the left of its first line.
std::string entry(const std::string& label, const std::string& text, const Look& look);
// The same in a narrower column, for labels of up to nine letters.
std::string short_entry(const std::string& label, const std::string& text, const Look& look);

struct VerdictWords {
  std::string word;
  std::string meaning;
  Paint paint;
};
// "word: meaning", then why, and what would tell more where that is known.
std::string verdict_entries(const VerdictWords& words, std::span<const std::string> reasons,
                            const std::string& would_take, const Look& look);
// A line of bars for each curve.
std::string curve_entries(std::span<const Curve> curves, const Look& look);

}  // namespace thalweg::report
