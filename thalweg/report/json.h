// Results as the JSON that `--json` prints. Non-finite numbers are null, with a sibling "<key>_kind" (or "kind" for a
// key "value") that says "nan", "inf" or "-inf".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "thalweg/record/finding.h"
#include "thalweg/record/run.h"

namespace thalweg::report {

// object[key] = value, with the sibling where it is not finite.
void put_number(nlohmann::ordered_json& object, const std::string& key, double value);

nlohmann::ordered_json to_json(const Trial& trial);
nlohmann::ordered_json to_json(const Evidence& evidence);
nlohmann::ordered_json to_json(const Remedy& remedy);
nlohmann::ordered_json to_json(const Finding& finding);
nlohmann::ordered_json to_json(const Action& action);
nlohmann::ordered_json to_json(const RunResult& result);  // "schema": 1 in it

// One line, without line end; bytes that are not UTF-8 are replaced, so that it is valid JSON whatever a file held.
std::string dump(const nlohmann::ordered_json& json);

}  // namespace thalweg::report
