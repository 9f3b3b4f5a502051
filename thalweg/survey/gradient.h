// The gradient at a point, and what it has to be compared with before anybody calls it small.
//
//   rounding        ‖g(θ (1 ± ε)) − g(θ)‖, ε the machine's: two sets of weights that arithmetic hardly tells apart. It
//                   holds the rounding of the sums as well as that of the weights themselves (Parker 1997, Monte Carlo
//                   arithmetic). No weights of this type have a gradient that is known to be smaller.
//   sampling noise  from K ≥ 4 batches, unbiased, with an interval (spectral/sampled_gradient.h)
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/spectral/hessian.h"
#include "thalweg/survey/survey.h"

namespace thalweg {

// Σ weight · ∇loss, [p]. .grad is left alone.
at::Tensor gradient_of(const std::vector<LossOnBatch>& batches, const std::vector<at::Tensor>& parameters);

double length_of(const at::Tensor& v);  // in double whatever its type

Survey::Gradient measure_gradient(const SurveyProblem& problem, const at::Tensor& gradient,
                                  const SurveyOptions& options);

}  // namespace thalweg
