// A run's result as JSON: what `thalweg train --json` prints and what the store keeps. Reading it back loses nothing.
//
// Non-finite numbers are null, with a sibling that says which: "kind" for the key "value", "<key>_kind" for any other;
// "nan", "inf" or "-inf". Text that is not UTF-8 has its wrong bytes replaced by U+FFFD.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "thalweg/record/finding.h"
#include "thalweg/record/run.h"

namespace thalweg {

// One line.
std::string to_json(const std::string& text);  // quoted and escaped
std::string to_json(const RunHeader& header);
std::string to_json(const Finding& finding);
std::string to_json(const Evaluation& evaluation);
std::string to_json(const Action& action);
std::string to_json(const RunResult& result);  // the document of `train --json`, with "schema": 1

// InputError: not JSON, not of this form, or nested too deep.
RunResult run_result_from_json(std::string_view text);
std::vector<std::string> strings_from_json(std::string_view text);

// InputError: no verdict of that name.
TrialVerdict trial_verdict_from(std::string_view name);

}  // namespace thalweg
