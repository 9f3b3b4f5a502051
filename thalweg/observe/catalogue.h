// The instruments that there are, by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

// `names`: {"auto"} or {"all"}: every one; {"none"}: none; or names. An unknown name is a UsageError with the nearest.
std::vector<std::unique_ptr<Instrument>> make_instruments(const std::vector<std::string>& names);

// "standpoint" is an instrument that looks at the point between two steps (curvature/standpoint.h); it has no turn in
// the steps, and train/ gives it its own.
bool looks_at_standpoint(const std::vector<std::string>& names);

}  // namespace thalweg
