// Each layer's own block of the Hessian: how curved the loss is where only that layer moves.
#pragma once

#include <functional>
#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/spectral/hessian.h"
#include "thalweg/survey/survey.h"

namespace thalweg {

// Largest and smallest eigenvalue of each block, to a percent. Each product costs one of the whole Hessian.
std::vector<Survey::Layer> layer_blocks(const SurveyProblem& problem, HessianOperator& hessian,
                                        const std::function<void(int products)>& progress);

}  // namespace thalweg
