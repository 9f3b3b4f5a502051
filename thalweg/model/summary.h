// What the terminal shows of a network.
#pragma once

#include "thalweg/model/site.h"

namespace thalweg {

// "conv 3×3, 16 channels, relu"
std::string describe_layer(const recipe::Layer& layer, const NetworkShape& shape);

// Adds the layer built at `site` to the summary. Its parameters are those registered since the layers before it.
void add_summary(const Site& site, const Sizes& output);

}  // namespace thalweg
