#include "thalweg/train/evaluation_gap.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "thalweg/train/random_state.h"

namespace thalweg {

EvaluationGap evaluation_gap(Network& network, const Objective& objective, const std::vector<Batch>& batches) {
  constexpr double kTwoSided = 1.96;
  const torch::NoGradGuard no_grad;
  const bool was_training = network.training();
  const auto loss = [&](const Batch& batch, bool training) {
    network.train(training);
    return objective(network.forward(batch.inputs), batch.targets).loss();
  };
  const auto n = static_cast<double>(batches.size());
  double sum = 0.0, squares = 0.0;
  for (const Batch& batch : batches) {
    const Undisturbed undisturbed(network);  // of each: a forward in training mode moves the running statistics
    const double evaluated = loss(batch, false), gap = evaluated - loss(batch, true);
    sum += gap;
    squares += gap * gap;
  }
  network.train(was_training);
  const double mean = sum / n, variance = std::max(0.0, squares / n - mean * mean) * n / (n - 1.0);
  return {mean, kTwoSided * std::sqrt(variance / n)};
}

}  // namespace thalweg
