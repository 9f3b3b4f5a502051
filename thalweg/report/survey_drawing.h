// The drawings of a survey: density, slices and plane, on a terminal and as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

std::string survey_drawings(const Survey& survey, const Look& look);  // "" where nothing was asked for

struct Drawing {
  std::string name;  // "survey-density.svg"
  std::string svg;   // the whole file
};
std::vector<Drawing> survey_svgs(const Survey& survey);

}  // namespace thalweg::report
