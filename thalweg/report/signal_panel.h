// How the signal passes the layers, as a person reads it: the verdict of depth in plain words; a row a layer; then the
// run so far as heat maps.
#pragma once

#include <string>
#include <vector>

#include "thalweg/record/signal.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

std::string signal_panel(const Signal& signal, const std::vector<HeatMap>& maps, const Look& look);
std::string signal_json(const Signal& signal, const std::vector<HeatMap>& maps);  // an object, one line

}  // namespace thalweg::report
