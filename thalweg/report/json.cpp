#include "thalweg/report/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace thalweg::report {

using Json = nlohmann::ordered_json;

void put_number(Json& object, const std::string& key, double value) {
  if (std::isfinite(value)) {
    object[key] = value;
    return;
  }
  object[key] = nullptr;
  object[key == "value" ? "kind" : key + "_kind"] = std::isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf";
}

Json interval_json(const Interval& interval) {
  Json json;
  put_number(json, "value", interval.value);
  put_number(json, "low", interval.low);
  put_number(json, "high", interval.high);
  return json;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace thalweg::report
