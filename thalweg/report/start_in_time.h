// What recurrent layers make of the past before the first step, in words: `thalweg check`.
#pragma once

#include <span>
#include <string>

#include "thalweg/record/recurrence.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

// Empty where there is none.
std::string start_in_time(std::span<const RecurrentLayer> layers, const Look& look);

}  // namespace thalweg::report
