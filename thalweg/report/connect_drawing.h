// The loss along the straight way between two networks, on a terminal and as SVG.
#pragma once

#include <string>

#include "thalweg/record/connection.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

// The part that verdicts are judged on; "" where no path was walked.
std::string connect_plot(const Connection& connection, const Look& look);

// The whole file: a panel for each part, a line for each path. "" where no path was walked.
std::string connect_svg(const Connection& connection);

}  // namespace thalweg::report
