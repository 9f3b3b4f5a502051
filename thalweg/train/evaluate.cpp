#include "thalweg/train/evaluate.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>

#include "thalweg/train/metrics.h"

namespace thalweg {
namespace {

// Large enough to use the cores, small enough that a conv net's activations stay modest; training's own size when it is
// larger.
constexpr std::int64_t kRowsAtOnce = 256;

class EvaluationMode {
 public:
  explicit EvaluationMode(Network& network) : network_(network), was_training_(network.training()) {
    network_.train(false);
  }
  ~EvaluationMode() { network_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Network& network_;
  bool was_training_;
};

at::Tensor sample_of(std::int64_t all, const EvaluateOptions& options) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  return at::randperm(all, generator, at::kLong).slice(0, 0, options.rows);
}

}  // namespace

PartValues evaluate(Network& network, const Objective& objective, const Part& part, const recipe::Recipe& recipe,
                    const DataInfo& info, EvaluateOptions options) {
  const torch::NoGradGuard no_grad;
  const EvaluationMode mode(network);
  const bool sampled = options.rows > 0 && options.rows < part.rows();
  const at::Tensor index = sampled ? sample_of(part.rows(), options) : at::Tensor();
  const std::int64_t rows = sampled ? options.rows : part.rows();
  const std::int64_t at_once = std::max(kRowsAtOnce, std::min<std::int64_t>(recipe.batch.size, 1024));
  MetricAccumulator accumulator(recipe.metric, recipe.loss, info);
  for (std::int64_t first = 0; first < rows; first += at_once) {
    const std::int64_t count = std::min(at_once, rows - first);
    const Batch batch = sampled ? part.gather(index.slice(0, first, first + count)) : part.slice(first, count);
    const at::Tensor outputs = network.forward(batch.inputs);
    accumulator.add(outputs, batch.targets, objective(outputs, batch.targets).rows);
  }
  return {accumulator.loss(), accumulator.metrics()};
}

}  // namespace thalweg
