// The instruments that there are, by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

// `names`: {"auto"} or {"all"}: every one; {"none"}: none; or names. An unknown name is a UsageError with the nearest.
std::vector<std::unique_ptr<Instrument>> make_instruments(const std::vector<std::string>& names);

}  // namespace thalweg
