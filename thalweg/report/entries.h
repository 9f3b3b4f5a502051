// Labelled paragraphs, as summaries are made of.
#pragma once

#include <span>
#include <string>

#include "thalweg/report/look.h"
#include "thalweg/report/plot.h"

namespace thalweg::report {

// The label once, at the left of its first line.
std::string entry(const std::string& label, const std::string& text, const Look& look);
// A line of bars for each curve.
std::string curve_entries(std::span<const Curve> curves, const Look& look);

}  // namespace thalweg::report
