// The coupling between layers as a person reads it: the matrix u_i'Hu_j as a heat map, and what a step does to the loss
// with all layers moving beside each of them alone.
#pragma once

#include <string>

#include "thalweg/record/coupling.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

std::string coupling_panel(const Coupling& coupling, const Look& look);
std::string coupling_heat_map(const Coupling& coupling, const Look& look);  // the matrix alone
std::string coupling_svg(const Coupling& coupling);                         // a whole file
std::string coupling_json(const Coupling& coupling);                        // an object, one line

}  // namespace thalweg::report
