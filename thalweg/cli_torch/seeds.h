// The same recipe over several seeds: mean and interval.
#pragma once

#include <string>
#include <vector>

#include "thalweg/train/training.h"

namespace thalweg::cli {

// Mean over the seeds with its 95% interval (Student's t).
struct OverSeeds {
  std::string name;  // "loss", "accuracy"
  Interval mean;
};
std::vector<OverSeeds> over_seeds(const std::vector<TrainingOutcome>& outcomes);

std::string seeds_text(const std::vector<TrainingOutcome>& outcomes);
std::string seeds_json(const std::vector<TrainingOutcome>& outcomes);

}  // namespace thalweg::cli
