// The coupling between layers at the point of a survey: of the step that the optimizer would make next.
#pragma once

#include <cstddef>

#include "thalweg/record/coupling.h"
#include "thalweg/survey/survey.h"

namespace thalweg {

struct CouplingOptions {
  std::size_t most_layers = 32;  // more are taken together (observe/interaction/layer_groups.h)
};
// std::invalid_argument where the problem has no update. NoSecondDerivative as survey(). The weights are put back.
Coupling coupling_at(const SurveyProblem& problem, const CouplingOptions& options = {});

}  // namespace thalweg
