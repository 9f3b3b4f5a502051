#include "thalweg/train/start.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/observe/propagation/signal.h"
#include "thalweg/optim/optimizer.h"
#include "thalweg/train/gradients_kept.h"
#include "thalweg/train/through.h"

namespace thalweg {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

class Deaf final : public Tap {
 public:
  void passed(const Passage&) override {}
};

std::vector<at::Tensor> gradients_of(const Through& through, const NamedParameters& parameters, double& loss) {
  std::vector<at::Tensor> weights, result;
  for (const auto& [name, tensor] : parameters) weights.push_back(tensor);
  Deaf deaf;
  through(deaf, [&](const at::Tensor& value) {
    loss = value.item<double>();
    result = torch::autograd::grad({value}, weights, {}, {}, /*create_graph=*/false, /*allow_unused=*/true);
  });
  return result;
}

std::vector<at::Tensor> first_update(const recipe::Optimizer& options, const NamedParameters& parameters,
                                     const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> weights;
  for (const auto& [name, tensor] : parameters) weights.push_back(tensor);
  const GradientsKept kept(weights);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i].mutable_grad() = gradients[i];
  return make_optimizer(options, parameters)->preview(options.lr);
}

// Without embeddings: their rows are no units.
struct Matrices {
  NamedParameters parameters;
  std::vector<at::Tensor> gradients, update;
};
Matrices without_embeddings(const Network& network, const std::vector<at::Tensor>& gradients,
                            const std::vector<at::Tensor>& update) {
  Matrices result;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [name, tensor] = network.parameters()[i];
    const bool embedding = std::ranges::any_of(network.summary(), [&](const LayerSummary& layer) {
      return layer.kind == recipe::LayerType::embedding && name.starts_with(layer.name + ".");
    });
    if (embedding) continue;
    result.parameters.emplace_back(name, tensor);
    result.gradients.push_back(gradients[i]);
    if (!update.empty()) result.update.push_back(update[i]);
  }
  return result;
}

}  // namespace

double Start::spread(std::size_t i) const {
  const Signal::Layer& layer = signal.layers[i];
  return layer.rms * std::sqrt(std::max(0.0, 1.0 - layer.correlation));
}

double Start::pull_ratio() const {
  double low = std::numeric_limits<double>::infinity(), high = 0.0;
  for (const WeightsAtStart& layer : weights) {
    const double pull = layer.pull(1.0);
    if (!(pull > 0.0)) continue;
    low = std::min(low, pull);
    high = std::max(high, pull);
  }
  if (high > 0.0) return low / high;
  return weights.empty() ? kNone : 0.0;
}

double Start::forward_ratio() const {
  std::vector<double> spreads;
  for (std::size_t i = 0; i < signal.layers.size(); ++i) {
    if (signal.layers[i].weighted) spreads.push_back(spread(i));
  }
  if (spreads.size() < 3) return kNone;  // an output layer and two before it
  spreads.pop_back();
  const double before = *std::max_element(spreads.begin(), spreads.end() - 1);
  return spreads.back() / before;
}

Start measure_start(const Workbench& bench, Network& network, const Objective& objective, const StartOptions& options) {
  const std::int64_t rows = std::min(options.rows, bench.data.train->rows());
  const Through through = thalweg::through(network, objective, bench.sample_batches(1, rows).front());
  const bool training = network.training();
  network.train(true);
  Start start;
  start.signal = measure_signal(through, {.units = false});
  const std::vector<at::Tensor> gradients = gradients_of(through, network.parameters(), start.loss);
  network.train(training);
  const auto squares = [](const at::Tensor& t) {
    return t.defined() ? t.detach().to(at::kDouble).square().sum().item<double>() : 0.0;
  };
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [name, weight] = network.parameters()[i];
    start.sums.push_back({.parameter = name, .gradient_sq = squares(gradients[i]), .weight_sq = squares(weight)});
  }
  std::vector<at::Tensor> update;
  if (options.update) update = first_update(bench.recipe.optimizer, network.parameters(), gradients);
  const Matrices matrices = without_embeddings(network, gradients, update);
  start.weights = weights_at_start(matrices.parameters, matrices.gradients, matrices.update);
  return start;
}

std::vector<Reading> readings_at_start(const Start& start, const std::function<Scope(std::string_view)>& scope_of,
                                       const StartReadingsOptions& options) {
  std::vector<Reading> readings = signal_readings(start.signal, 0, scope_of);
  const std::vector<Reading> weights = start_readings(start.weights, scope_of);
  readings.insert(readings.end(), weights.begin(), weights.end());
  if (!options.sums) return readings;
  for (const Start::Sums& sums : start.sums) {
    const Scope scope = scope_of(sums.parameter);
    readings.push_back({.value = sums.gradient_sq, .quantity = Quantity::gradient_sq, .scope = scope});
    readings.push_back({.value = sums.weight_sq, .quantity = Quantity::weight_sq, .scope = scope});
  }
  return readings;
}

}  // namespace thalweg
