// The loss along directions and over a plane, by forwards alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/survey/survey.h"

namespace thalweg {

struct SliceDirection {
  std::string name;
  at::Tensor vector;  // [p], unit
  double curvature = kNotMeasured;
  double slope = kNotMeasured;
  double step = kNotMeasured;  // of the optimizer along it: the slice reaches three times as far
};

// 41 points each, symmetric about θ, as far as the loss changes by about its half (where curvature and slope say).
std::vector<Survey::Slice> slices_along(const SurveyProblem& problem, const std::vector<SliceDirection>& directions,
                                        const SurveyOptions& options);
// 17 × 17 points.
Survey::Plane plane_over(const SurveyProblem& problem, const SliceDirection& x, const SliceDirection& y,
                         const SurveyOptions& options);

inline constexpr int kSlicePoints = 41;
inline constexpr int kPlanePoints = 17;

}  // namespace thalweg
