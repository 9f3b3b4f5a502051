// A survey as a person reads it: first the verdict in plain words and its reasons; then how steep it is, how curved, in
// which directions it still goes down, the edge of stability; then what was drawn; last what it cost.
#pragma once

#include <string>
#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

// `next`: commands worth typing after it.
std::string survey_panel(const Survey& survey, const std::vector<std::string>& next, const Look& look);

// "graphs 1 × 12 MB, vectors 54 MB: 66 MB in all (limit 1.1 GB)": said before the work starts.
std::string memory_words(const Survey::Memory& memory);

}  // namespace thalweg::report
