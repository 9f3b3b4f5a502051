// What the parts of a survey ask of its problem.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/survey/survey.h"

namespace thalweg {

std::vector<at::Tensor> leaves(const SurveyProblem& problem);
std::int64_t dimension_of(const SurveyProblem& problem);

// A layer's entries in a flat vector: parameters whose names have the same beginning before their last dot.
struct LayerRange {
  std::string name;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
std::vector<LayerRange> layer_ranges(const SurveyProblem& problem);

// Names of parameters with entries that are not finite.
std::vector<std::string> not_finite_parameters(const SurveyProblem& problem);
// Layers in which this flat vector has entries that are not finite.
std::vector<std::string> not_finite_layers(const SurveyProblem& problem, const at::Tensor& flat);

}  // namespace thalweg
