#include "thalweg/report/run_heat_map.h"

#include <map>
#include <set>

namespace thalweg::report {

HeatMap run_heat_map(const StoreReader& store, Quantity quantity) {
  const auto scopes = store.scopes();
  std::map<Scope, std::map<std::int64_t, double>> read;
  std::set<std::int64_t> steps;
  for (const Reading& r : store.readings(quantity)) {
    if (r.scope == kWholeModel || r.scope >= scopes.size()) continue;
    read[r.scope][r.step] = r.value;
    steps.insert(r.step);
  }
  HeatMap map{.title = std::string(info(quantity).name),
              .unit = std::string(info(quantity).unit),
              .layers = {},
              .steps = {steps.begin(), steps.end()},
              .values = {}};
  for (const auto& [scope, values] : read) {
    map.layers.push_back(scopes[scope]);
    for (const std::int64_t step : map.steps) {
      const auto found = values.find(step);
      map.values.push_back(found == values.end() ? kNoSignal : found->second);
    }
  }
  return map;
}

std::vector<HeatMap> signal_heat_maps(const StoreReader& store) {
  std::vector<HeatMap> maps;
  for (const Quantity quantity : {Quantity::activation_gradient_rms, Quantity::activation_rms}) {
    HeatMap map = run_heat_map(store, quantity);
    if (!map.layers.empty()) maps.push_back(std::move(map));
  }
  return maps;
}

}  // namespace thalweg::report
