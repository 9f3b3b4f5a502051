// The instruments that there are, by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

// `names`: {"auto"} or {"all"}: every one; {"none"}: none; or names. An unknown name is a UsageError with the nearest.
struct CatalogueOptions {
  bool free_sums = false;  // the optimizer says the norms of its update itself: update_norms is left out
};
std::vector<std::unique_ptr<Instrument>> make_instruments(const std::vector<std::string>& names,
                                                          const CatalogueOptions& options = {});

// The instrument that measures what attention asks for (diagnose/attention.h); "" where there is none.
std::string_view instrument_of(Quantity quantity);

// "standpoint" is an instrument that looks at the point between two steps (curvature/standpoint.h); it has no turn in
// the steps, and train/ gives it its own.
bool looks_at_standpoint(const std::vector<std::string>& names);

}  // namespace thalweg
