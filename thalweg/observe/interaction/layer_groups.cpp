#include "thalweg/observe/interaction/layer_groups.h"

#include <algorithm>
#include <functional>

namespace thalweg {
namespace {

using Key = std::function<std::string(const std::string&)>;

std::vector<LayerGroup> grouped_by(std::span<const std::string> names, const Key& key) {
  std::vector<LayerGroup> result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = key(names[i]);
    auto group = std::ranges::find(result, name, &LayerGroup::name);
    if (group == result.end()) group = result.insert(result.end(), {name, {}});
    group->parameters.push_back(i);
  }
  return result;
}

// Runs of neighbours, as equal in number as can be.
std::vector<LayerGroup> joined(std::vector<LayerGroup> groups, std::size_t most) {
  std::vector<LayerGroup> result;
  for (std::size_t k = 0; k < most; ++k) {
    const std::size_t first = k * groups.size() / most, last = (k + 1) * groups.size() / most;
    LayerGroup run = groups[first];
    for (std::size_t i = first + 1; i < last; ++i) {
      run.parameters.insert(run.parameters.end(), groups[i].parameters.begin(), groups[i].parameters.end());
    }
    if (last > first + 1) run.name += "…" + groups[last - 1].name;
    result.push_back(std::move(run));
  }
  return result;
}

}  // namespace

std::vector<LayerGroup> layer_groups(std::span<const std::string> names, std::size_t most) {
  const auto up_to = [](std::size_t dot, const std::string& name) { return name.substr(0, dot); };
  auto groups = grouped_by(names, [&](const std::string& name) { return up_to(name.rfind('.'), name); });
  if (groups.size() <= most) return groups;
  groups = grouped_by(names, [&](const std::string& name) { return up_to(name.find('.'), name); });
  return groups.size() <= most ? groups : joined(std::move(groups), most);
}

}  // namespace thalweg
