// What recurrent layers make of the past, as a person reads it: a table, what it means in words, the eigenvalues beside
// the unit circle, the gradient against distance in time, and the Lyapunov exponents.
#pragma once

#include <span>
#include <string>

#include "thalweg/record/recurrence.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

std::string recurrence_panel(std::span<const RecurrentLayer> layers, const Look& look);  // words where there is none
std::string recurrence_json(std::span<const RecurrentLayer> layers);                     // an array, one line

}  // namespace thalweg::report
