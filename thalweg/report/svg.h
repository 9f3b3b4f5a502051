// What every drawing is made of.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace thalweg::report {

// As SVG's text may hold it, quotes and control characters included.
std::string svg_escaped(const std::string& text);

// Text at a place, with attributes of its own.
std::string svg_text(double x, double y, const std::string& text, const std::string& style);

// 1, 2 or 5 times a power of ten within low … high, about so many to the axis.
std::vector<double> axis_ticks(double low, double high, double about = 5.0);

// A path through the points, in the drawing's own units by `x_of` and `y_of`; it is broken where a y is not finite.
std::string svg_path(const std::vector<double>& x, const std::vector<double>& y,
                     const std::function<double(double)>& x_of, const std::function<double(double)>& y_of);

}  // namespace thalweg::report
