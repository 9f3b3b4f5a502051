// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "thalweg/record/run.h"

namespace thalweg::report {

// Three to `digits` significant digits, with an exponent only where plain notation would be long: 0.214, 12.1, 1.5e-05,
// nan, inf.
std::string number(double value, int digits = 3);
// 12345 → "12,345".
std::string count(std::int64_t value);
// A share as a percentage: 0.0271 → "2.7%".
std::string share(double value);
// "0.8 s", "12 s", "3 min 12 s", "2 h 05 min".
std::string duration(double seconds);

// A metric in its usual unit: accuracies as percentages, the others as numbers. Names as `metric.kind` in a recipe.
std::string metric(std::string_view name, double value);
// "89.1% [88.4, 89.7]"; without the brackets where the interval is not finite.
std::string metric(std::string_view name, const Interval& interval);
std::string interval(const Interval& interval);

}  // namespace thalweg::report
