// A connection as JSON: what `thalweg connect --json` prints. Numbers that are not finite are null with a sibling kind.
#pragma once

#include <string>

#include "thalweg/record/connection.h"

namespace thalweg::report {

std::string connect_json(const Connection& connection);  // one line, with "schema": 1

}  // namespace thalweg::report
