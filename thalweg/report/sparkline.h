// A series in one line of text.
#pragma once

#include <span>
#include <string>

#include "thalweg/report/look.h"

namespace thalweg::report {

// `width` bars ▁▂▃▄▅▆▇█ between the smallest and the largest finite value. A longer series is shortened by the mean of
// each stretch; a stretch with a value that is not finite is marked ×. A constant series is flat, an empty one is "";
// positive values over a range of 100 and more are drawn in logarithms.
std::string sparkline(std::span<const double> values, int width);

// The bars with the first and last value at their ends, and the range: "2.31 █▅▃▂▁▁ 0.214   lowest 0.209,
// highest 2.31". The range is
// left out where it would leave no room for eight bars.
std::string labelled_sparkline(std::span<const double> values, const Look& look);

}  // namespace thalweg::report
