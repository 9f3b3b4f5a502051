#include "thalweg/train/training.h"

#include <algorithm>
#include <thread>

#include "thalweg/train/session.h"

namespace thalweg {

TrainingOutcome train(recipe::Recipe recipe, const TrainingOptions& options) {
  // The number of threads decides how sums are split: it is resolved, so that the resolved recipe gives the same bits
  // anywhere.
  if (recipe.threads == 0) recipe.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  Session run(recipe, options);
  run.start();
  std::string reason;
  while ((reason = run.stop_reason()).empty()) {
    run.step();
    if (run.evaluation_due()) run.evaluate();
    if (run.checkpoint_due()) run.checkpoint();
  }
  return run.finish(reason);
}

}  // namespace thalweg
