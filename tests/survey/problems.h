// Landscapes whose critical points are known in closed form, and the ones of tests/problems/curvature.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "thalweg/survey/survey.h"

namespace thalweg::testing {

// One parameter "point.weight" at `where`, a closure that gives the loss as a function of it.
SurveyProblem at_point(const at::Tensor& where, const std::function<at::Tensor(const at::Tensor&)>& loss);

// ½ Σ λᵢ (qᵢᵀθ)² + offset with random orthonormal qᵢ, at the origin; float64 unless another type is given.
SurveyProblem quadratic(const std::vector<double>& eigenvalues, double offset = 1.0, at::ScalarType type = at::kDouble);

// P4 as trained: 58 parameters, float32, a saddle. `scale` multiplies the loss.
SurveyProblem p4(double scale = 1.0);

// 4-8-2 tanh network on random data, in two layers "first" and "second": no critical point.
SurveyProblem small_network(std::uint64_t seed = 1);

}  // namespace thalweg::testing
