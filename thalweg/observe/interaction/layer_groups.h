// The parameters of a network, grouped into layers: names before the last dot, "conv1" of "conv1.weight".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

struct LayerGroup {
  std::string name;
  std::vector<std::size_t> parameters;  // their places, in order
};

// In order of their first parameter. Where there are more than `most`, layers with the same beginning before their
// first dot are taken together ("residual1"); where those are still too many, neighbours ("residual1…residual2").
std::vector<LayerGroup> layer_groups(std::span<const std::string> names, std::size_t most);

}  // namespace thalweg
