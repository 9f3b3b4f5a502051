#include "thalweg/record/survey.h"

namespace thalweg {

std::string_view name(SurveyVerdict verdict) {
  switch (verdict) {
    case SurveyVerdict::saddle:
      return "saddle";
    case SurveyVerdict::minimum:
      return "minimum";
    case SurveyVerdict::not_critical:
      return "not_critical";
    case SurveyVerdict::cannot_tell:
      return "cannot_tell";
  }
  return "cannot_tell";
}

}  // namespace thalweg
