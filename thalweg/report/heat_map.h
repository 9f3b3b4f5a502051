// One picture of a quantity over layers and steps in place of a hundred curves: a row a layer, the first on top; from
// left to right the steps; the colour, or the density of the shade, is the logarithm of the value.
#pragma once

#include <string>

#include "thalweg/record/signal.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

// For a terminal; "" where no value is finite and positive. A column holds one step, or the median of several where
// they do not fit; '·' was not measured, '0' is zero, '!' is not finite.
std::string heat_map(const HeatMap& map, const Look& look);

std::string heat_map_svg(const HeatMap& map);  // the whole file; "" as above

}  // namespace thalweg::report
