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

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace thalweg::report
