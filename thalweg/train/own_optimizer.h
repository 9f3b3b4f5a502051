// Thalweg's own optimizers as instruments see them.
#pragma once

#include <memory>

#include "thalweg/optim/optimizer.h"
#include "thalweg/optim/optimizer_view.h"

namespace thalweg {

// `rate`: of the step to come. All must outlive the view.
struct OwnOptimizer {
  const recipe::Optimizer& options;
  const Optimizer& optimizer;
  const std::int64_t& steps;  // made so far
  const double& rate;
};
std::unique_ptr<OptimizerView> view_of(const OwnOptimizer& own);

}  // namespace thalweg
