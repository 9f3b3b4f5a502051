// Two networks and the way between them, as a person reads it: first the verdict in plain words, then in how many ways
// the units can be arranged, how near the two lie, the barriers, the path as a plot, and what it cost.
#pragma once

#include <string>
#include <vector>

#include "thalweg/record/connection.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

// `next`: commands worth typing after it.
std::string connect_panel(const Connection& connection, const std::vector<std::string>& next, const Look& look);

}  // namespace thalweg::report
