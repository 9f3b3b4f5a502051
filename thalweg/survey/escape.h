// Down a direction, by forwards alone.
//
// The loss is followed along ±v, the step doubled from one that rounding just lets see until the loss rises again, then
// refined between its neighbours. Never a Newton step: towards a saddle Newton's method is attracted (Dauphin et al.
// 2014).
#pragma once

#include <ATen/core/Tensor.h>

#include "thalweg/record/survey.h"
#include "thalweg/survey/survey.h"

namespace thalweg {

struct EscapeDirection {
  at::Tensor vector;       // [p], unit
  double curvature = 0.0;  // v'Hv
  double slope = 0.0;      // g'v
};

// gain is 0 where no step on either side lowers the loss beyond its rounding. The weights are put back.
Survey::Escape try_escape(const SurveyProblem& problem, const EscapeDirection& direction);

}  // namespace thalweg
