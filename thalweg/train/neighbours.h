// The loss of a prediction that looks up the nearest rows: what is known to be reachable without training (Cover, Hart
// 1967). Among n rows of the training part each is predicted from its k = 8 nearest others, by Euclidean distance of
// the inputs as the network gets them:
//     mean of their targets;   for losses of probabilities the shares (Σ + prior) / (k + 1), so that none is 0.
// Conservative: with more rows it only falls. n² d operations: some hundredths of a second at n = 1024.
#pragma once

#include <cstdint>

#include "thalweg/data/dataset.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/train/objective.h"

namespace thalweg {

struct NeighbourOptions {
  std::int64_t outputs = 0;  // columns of the network's output
  std::int64_t rows = 1024;  // n at most
  std::uint64_t seed = 0;    // that draws them
};

// NaN where nearness means nothing (tokens, sequences of targets), or for fewer than 32 rows.
struct NeighbourProblem {
  const Part& part;
  const DataInfo& info;
  const recipe::Loss& loss;
  const Objective& objective;
};
double neighbour_loss(const NeighbourProblem& problem, const NeighbourOptions& options);

}  // namespace thalweg
