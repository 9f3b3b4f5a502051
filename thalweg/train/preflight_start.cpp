#include "thalweg/train/preflight_start.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "thalweg/recipe/names.h"

namespace thalweg {
namespace {

using recipe::InitKind;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr InitKind kTried[] = {InitKind::standard, InitKind::he_normal, InitKind::glorot_normal, InitKind::orthogonal,
                               InitKind::lsuv};

void start_with(std::vector<recipe::Layer>& layers, InitKind kind) {
  for (recipe::Layer& layer : layers) {
    layer.init = {.kind = kind};
    start_with(layer.inner, kind);
  }
}

double distance_from_one(double ratio) { return std::abs(std::log(ratio)); }  // infinite of 0, NaN of what is none

// "linear1" of "linear1"; "attention1" of "attention1.in_proj"; "lstm1" of "lstm1_l0".
bool belongs(const std::string& weights, const std::string& layer) {
  return weights == layer || weights.starts_with(layer + ".") || weights.starts_with(layer + "_l");
}

void add_weights(const Start& start, LayerAtStart& layer) {
  for (const WeightsAtStart& weights : start.weights) {
    if (!belongs(weights.layer, layer.name)) continue;
    const auto keep_larger = [](double& kept, double value) {
      if (!(kept >= value)) kept = value;
    };
    keep_larger(layer.pull, weights.pull(start.loss));
    keep_larger(layer.spectral_scale, weights.spectral_scale);
    keep_larger(layer.update_scale, weights.update_scale);
    keep_larger(layer.symmetric, weights.symmetric);
  }
}

}  // namespace

std::vector<StartTried> try_starts(const Workbench& bench) {
  std::vector<StartTried> result;
  for (const InitKind kind : kTried) {
    recipe::Model model = bench.recipe.model;
    model.init = {.kind = kind};
    start_with(model.layers, kind);
    const auto network = bench.network_of(model);
    std::vector<at::Tensor> weights;
    for (const auto& [name, tensor] : network->parameters()) weights.push_back(tensor);
    const Objective objective(bench.recipe.loss, bench.data.info, weights);
    result.push_back(
        {.kind = kind, .name = std::string(recipe::name(kind)), .start = measure_start(bench, *network, objective)});
  }
  return result;
}

double distance_from_even(const Start& start, double constant_loss) {
  double sum = 0.0;
  for (const double ratio : {start.forward_ratio(), start.pull_ratio(), start.loss / constant_loss}) {
    const double distance = distance_from_one(ratio);
    if (!std::isnan(distance)) sum += distance;
  }
  return std::isfinite(start.loss) ? sum : std::numeric_limits<double>::infinity();
}

std::vector<LayerAtStart> layers_at_start(const Start& start) {
  std::vector<LayerAtStart> result;
  double before = kNone;
  for (std::size_t i = 0; i < start.signal.layers.size(); ++i) {
    const Signal::Layer& heard = start.signal.layers[i];
    if (!heard.weighted) continue;
    LayerAtStart layer{.name = heard.name,
                       .rms = heard.rms,
                       .spread = start.spread(i),
                       .gain = start.spread(i) / before,
                       .gradient_rms = heard.gradient_rms,
                       .pull = kNone,
                       .spectral_scale = kNone,
                       .update_scale = kNone,
                       .symmetric = kNone};
    before = layer.spread;
    add_weights(start, layer);
    result.push_back(layer);
  }
  return result;
}

std::vector<int> better_starts(const Start& own, const std::vector<StartTried>& tried) {
  constexpr double kWorth = 1.25;  // a gain that is nearer 1 by less is not worth another start
  const std::vector<LayerAtStart> layers = layers_at_start(own);
  std::vector<int> result(layers.size(), -1);
  std::vector<double> best;
  for (const LayerAtStart& layer : layers) best.push_back(distance_from_one(layer.gain) - std::log(kWorth));
  for (std::size_t k = 0; k < tried.size(); ++k) {
    const std::vector<LayerAtStart> others = layers_at_start(tried[k].start);
    for (std::size_t i = 0; i < std::min(layers.size(), others.size()); ++i) {
      const double distance = distance_from_one(others[i].gain);
      if (!(distance < best[i])) continue;
      best[i] = distance;
      result[i] = static_cast<int>(k);
    }
  }
  return result;
}

}  // namespace thalweg
