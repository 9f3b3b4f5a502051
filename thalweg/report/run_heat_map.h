// Heat maps of a run from its store: a quantity of layers, all that was read of it.
#pragma once

#include <vector>

#include "thalweg/record/quantity.h"
#include "thalweg/record/signal.h"
#include "thalweg/store/store.h"

namespace thalweg::report {

// Layers in order of their scopes; steps at which any was read. Empty where nothing was.
HeatMap run_heat_map(const StoreReader& store, Quantity quantity);

// Of activation_gradient_rms and activation_rms; those that are empty are left out.
std::vector<HeatMap> signal_heat_maps(const StoreReader& store);

}  // namespace thalweg::report
