// Curves over steps, drawn with braille dots, each with its letter where it ends.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "thalweg/report/look.h"

namespace thalweg::report {

// One quantity over steps. x rises; y may hold values that are not finite (gaps).
struct Curve {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
};

struct PlotOptions {
  std::string title;
  int rows = 12;             // of text, axes not counted
  double log_range = 100.0;  // the axis is logarithmic where all values are positive and highest ≥ log_range · lowest
};

// "" when no curve holds a finite value. Curve k is marked by letter(k) and, in colour, by its own colour.
std::string plot(std::span<const Curve> curves, const PlotOptions& options, const Look& look);

// a … z, then a1, b1, …
std::string letter(std::size_t number);

}  // namespace thalweg::report
