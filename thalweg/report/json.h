// What every JSON document that `--json` prints is made with.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "thalweg/record/run.h"

namespace thalweg::report {

// object[key] = value. A number that is not finite is null, with a sibling that says "nan", "inf" or "-inf": "kind" for
// the key "value", "<key>_kind" for any other.
void put_number(nlohmann::ordered_json& object, const std::string& key, double value);

// {"value", "low", "high"}
nlohmann::ordered_json interval_json(const Interval& interval);

// One line, without line end; bytes that are not UTF-8 are replaced, so that it is valid JSON whatever a file held.
std::string dump(const nlohmann::ordered_json& json);

}  // namespace thalweg::report
