// What the words of a survey mean: for `thalweg explain`. Quantities that runs record, too (lambda_max, escape_gain),
// are in quantity.h.
#pragma once

#include <span>
#include <string_view>

namespace thalweg {

struct SurveyTerm {
  std::string_view name;  // snake_case
  std::string_view unit;
  std::string_view formula;
  std::string_view meaning;
  std::string_view source;
};

std::span<const SurveyTerm> survey_terms();

}  // namespace thalweg
