#include "thalweg/observe/propagation/signal.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "thalweg/observe/propagation/correlation.h"
#include "thalweg/observe/propagation/hearing.h"
#include "thalweg/observe/propagation/jacobian.h"
#include "thalweg/observe/propagation/unit_census.h"

namespace thalweg {
namespace {

using Layers = std::vector<HeardLayer>;

std::vector<Signal::Layer> described(const Layers& layers) {
  std::vector<Signal::Layer> result;
  for (const HeardLayer& layer : layers) {
    result.push_back({.name = layer.name,
                      .type = layer.type,
                      .activation = layer.activation,
                      .units = units_of(layer.output),
                      .jacobian = {}});
  }
  for (const std::size_t i : weighted_layers(layers)) result[i].weighted = true;
  return result;
}

// ∂L/∂output of each layer; undefined where L does not depend on it by this graph.
std::vector<at::Tensor> output_gradients(const Layers& layers, const at::Tensor& loss) {
  std::vector<at::Tensor> outputs, result(layers.size());
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i].output.requires_grad()) continue;
    outputs.push_back(layers[i].output);
    places.push_back(i);
  }
  if (outputs.empty() || !loss.requires_grad()) return result;
  auto gradients = torch::autograd::grad({loss}, outputs, {}, /*retain_graph=*/true, /*create_graph=*/false,
                                         /*allow_unused=*/true);
  for (std::size_t k = 0; k < places.size(); ++k) result[places[k]] = std::move(gradients[k]);
  return result;
}

// √(mean of t²), in float64 whatever the type.
at::Tensor root_mean_square(const at::Tensor& t) {
  return at::linalg_vector_norm(t, 2, std::nullopt, false, at::kDouble) / std::sqrt(static_cast<double>(t.numel()));
}

// Moments of all layers, in one transfer.
void put_moments(const Layers& layers, const std::vector<at::Tensor>& gradients, Signal& signal) {
  std::vector<at::Tensor> numbers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const at::Tensor h = layers[i].output.detach();
    const auto rows = static_cast<double>(layers[i].output.size(0));
    const at::Tensor none = at::full({}, kNoSignal, h.options().dtype(at::kDouble));
    numbers.push_back(h.mean(at::kDouble));
    numbers.push_back(root_mean_square(h));
    numbers.push_back(gradients[i].defined() ? root_mean_square(gradients[i]) * rows : none);
  }
  const at::Tensor all = at::stack(numbers).cpu();
  const auto v = all.accessor<double, 1>();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto at = static_cast<std::int64_t>(3 * i);
    signal.layers[i].mean = v[at];
    signal.layers[i].rms = v[at + 1];
    signal.layers[i].gradient_rms = v[at + 2];
  }
}

void put_gain(const std::vector<std::size_t>& weighted, Signal& signal) {
  if (weighted.size() < 2) return;
  signal.backward_gain = signal.layers[weighted.front()].gradient_rms / signal.layers[weighted.back()].gradient_rms;
}

void put_correlations(const Layers& layers, Signal& signal, const CorrelationOptions& options) {
  std::vector<at::Tensor> each;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].output.size(0) != signal.rows) continue;
    each.push_back(inner_products(layers[i].output, options.rows));
    places.push_back(i);
  }
  if (each.empty()) return;
  const at::Tensor all = cosines(at::stack(each)).cpu();
  for (std::size_t k = 0; k < places.size(); ++k) {
    const MeanCorrelation c = mean_correlation(all[static_cast<std::int64_t>(k)]);
    signal.layers[places[k]].correlation = c.value;
    signal.layers[places[k]].correlation_error = c.error;
  }
}

void put_verdict(const SignalOptions& options, Signal& s) {
  const double k = options.too_deep;
  s.reason = fmt::format("this depth, {} layers, is {:.2g} ξ", s.depth, s.lengths);
  if (!std::isfinite(s.lengths)) {
    s.reason = "the correlation length could not be measured";
  } else if (s.lengths_low >= k) {
    s.verdict = DepthVerdict::too_deep;
    s.reason +=
        fmt::format(": what tells two inputs apart is e^−{:.2g} of what it was; beyond {:.2g} ξ networks do not train",
                    s.lengths, k);
  } else if (s.lengths_high < k) {
    s.verdict = DepthVerdict::passes;
    s.reason += fmt::format(", below the {:.2g} ξ up to which networks train", k);
  } else {
    s.reason += fmt::format(
        ", with an interval that reaches from {:.2g} to {:.2g}: on which side of {:.2g} ξ it is "
        "cannot be told",
        s.lengths_low, s.lengths_high, k);
  }
}

void put_length(const Layers& layers, const std::vector<std::size_t>& weighted, const SignalOptions& options,
                Signal& signal) {
  std::vector<at::Tensor> each;
  const CorrelationOptions correlation;
  for (const std::size_t i : weighted) {
    if (layers[i].input.size(0) == signal.rows) each.push_back(inner_products(layers[i].input, correlation.rows));
  }
  signal.depth = static_cast<std::int64_t>(weighted.size()) - 1;
  if (each.size() != weighted.size() || signal.depth < 1) {
    signal.reason = "there are no layers between input and output to lose a signal in";
    return;
  }
  const CorrelationLength length = correlation_length(at::stack(each).cpu(), correlation);
  const auto depth = static_cast<double>(signal.depth);
  signal.length = length.length;
  signal.length_low = length.low;
  signal.length_high = length.high;
  signal.limit = length.limit;
  signal.lengths = depth * std::max(length.rate, 0.0);
  signal.lengths_low = depth * std::max(length.rate - length.rate_error, 0.0);
  signal.lengths_high = depth * std::max(length.rate + length.rate_error, 0.0);
  put_verdict(options, signal);
}

void put_units(const Layers& layers, Signal& signal) {
  UnitCensus census;
  census.add(layers);
  for (const UnitShares& shares : census.take()) {
    const auto layer = std::find_if(signal.layers.begin(), signal.layers.end(),
                                    [&](const Signal::Layer& l) { return l.name == shares.layer; });
    if (layer == signal.layers.end()) continue;
    layer->dead = shares.dead;
    layer->dormant = shares.dormant;
    layer->saturated = shares.saturated;
    layer->cloned = shares.cloned;
    layer->effective_rank = shares.effective_rank;
  }
}

void put_jacobians(const Layers& layers, const std::vector<std::size_t>& weighted, const SignalOptions& options,
                   Signal& signal) {
  const JacobianOptions jacobian{.rows = options.jacobian_rows,
                                 .exact_outputs = options.exact_outputs,
                                 .steps = options.golub_kahan_steps,
                                 .seed = options.seed};
  for (std::size_t k = 0; k < weighted.size(); ++k) {
    // From this layer's input to the next one's: with norm, activation and pooling between.
    const std::size_t i = weighted[k];
    const at::Tensor& end = k + 1 < weighted.size() ? layers[weighted[k + 1]].input : layers[i].output;
    signal.layers[i].jacobian = measure_jacobian(end, layers[i].input, jacobian);
  }
  if (weighted.empty()) return;
  for (const std::size_t i : weighted) {  // from the first place on that has a graph
    if (!layers[i].input.requires_grad()) continue;
    signal.whole = measure_jacobian(layers[weighted.back()].output, layers[i].input, jacobian);
    break;
  }
}

void measure(const Layers& layers, const at::Tensor& loss, const SignalOptions& options, Signal& signal) {
  if (layers.empty()) return;
  const auto weighted = weighted_layers(layers);
  signal.rows = layers.front().input.size(0);
  signal.layers = described(layers);
  signal.loss = loss.item<double>();
  put_moments(layers, options.gradients ? output_gradients(layers, loss) : std::vector<at::Tensor>(layers.size()),
              signal);
  put_gain(weighted, signal);
  put_correlations(layers, signal, {});
  put_length(layers, weighted, options, signal);
  if (options.units) put_units(layers, signal);
  if (options.jacobians) put_jacobians(layers, weighted, options, signal);
}

// Appends what was measured; cost is shared out by number of readings at the end.
class Readings {
 public:
  Readings(std::int64_t step, std::vector<Reading>& out) : step_(step), out_(out) {}
  void put(Quantity quantity, Scope scope, double value, double error = kNoSignal) {
    if (std::isnan(value)) return;
    out_.push_back(
        {.step = step_, .value = value, .error = static_cast<float>(error), .quantity = quantity, .scope = scope});
  }
  void put(const Signal::Jacobian& j, Scope scope) {
    put(Quantity::jacobian_norm, scope, j.norm, j.norm_error);
    put(Quantity::jacobian_mean_square, scope, j.mean_square, j.mean_square_error);
    put(Quantity::jacobian_condition, scope, j.condition);
  }
  void put(const Signal::Layer& l, Scope scope) {
    put(Quantity::activation_mean, scope, l.mean);
    put(Quantity::activation_rms, scope, l.rms);
    put(Quantity::activation_gradient_rms, scope, l.gradient_rms);
    put(Quantity::input_correlation, scope, l.correlation, l.correlation_error);
    put(Quantity::effective_rank, scope, l.effective_rank);
    put(Quantity::dead_units, scope, l.dead);
    put(Quantity::dormant_units, scope, l.dormant);
    put(Quantity::saturated_units, scope, l.saturated);
    put(Quantity::cloned_units, scope, l.cloned);
    put(l.jacobian, scope);
  }

 private:
  std::int64_t step_;
  std::vector<Reading>& out_;
};

}  // namespace

Signal measure_signal(const Through& through, const SignalOptions& options) {
  Signal signal;
  const bool graph = options.gradients || options.jacobians;
  at::AutoGradMode mode(graph);
  Hearing heard;
  through(heard, [&](const at::Tensor& loss) { measure(heard.layers, loss, options, signal); });
  signal.gradient_units = graph ? 1.0 : 0.33;
  return signal;
}

std::vector<Reading> signal_readings(const Signal& signal, std::int64_t step,
                                     const std::function<Scope(std::string_view)>& scope_of) {
  std::vector<Reading> result;
  Readings readings(step, result);
  for (const Signal::Layer& layer : signal.layers) readings.put(layer, scope_of(layer.name));
  readings.put(Quantity::backward_gain, kWholeModel, signal.backward_gain);
  readings.put(signal.whole, kWholeModel);
  const double half = std::max(signal.length_high - signal.length, signal.length - signal.length_low);
  // Infinite where nothing is lost: depth_in_lengths says that as 0.
  if (std::isfinite(signal.length)) readings.put(Quantity::correlation_length, kWholeModel, signal.length, half);
  if (std::isfinite(signal.lengths))
    readings.put(Quantity::depth_in_lengths, kWholeModel, signal.lengths,
                 std::max(signal.lengths_high - signal.lengths, signal.lengths - signal.lengths_low));
  for (Reading& reading : result) {
    reading.cost = static_cast<float>(signal.gradient_units / static_cast<double>(result.size()));
  }
  return result;
}

}  // namespace thalweg
