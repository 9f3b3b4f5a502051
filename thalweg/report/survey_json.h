// A survey as JSON: what `thalweg survey --json` prints.
//
// Numbers that are not finite are null with a sibling kind (report/json.h); what was not measured is left out, or is
// "nan" where it belongs to a fixed form.
#pragma once

#include <string>

#include "thalweg/record/survey.h"

namespace thalweg::report {

std::string survey_json(const Survey& survey);  // one line, with "schema": 1

}  // namespace thalweg::report
