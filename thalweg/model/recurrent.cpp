// rnn (tanh; Elman 1990), gru (Cho et al. 2014), lstm (Hochreiter, Schmidhuber 1997; Gers et al. 2000), as LibTorch has
// them.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <tuple>

#include "thalweg/model/layers.h"

namespace thalweg {
namespace {

using recipe::LayerType;

std::int64_t gates_of(LayerType type) { return type == LayerType::lstm ? 4 : type == LayerType::gru ? 3 : 1; }

std::vector<at::Tensor> make_weights(const Site& site, std::int64_t features, std::int64_t units, std::int64_t layers) {
  const StandardInit standard{.scale = 1.0 / std::sqrt(static_cast<double>(units))};
  const std::int64_t gates = gates_of(site.options.type);
  std::vector<at::Tensor> weights;
  site.require(static_cast<double>(layers) * static_cast<double>(gates * units) * static_cast<double>(units + 2));
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::int64_t inputs = layer == 0 ? features : units;
    for (const auto& [part, columns] : {std::pair{"ih", inputs}, std::pair{"hh", units}}) {
      weights.push_back(site.weight({.name = fmt::format("weight_{}_l{}", part, layer),
                                     .sizes = {gates * units, columns},
                                     .standard = standard,
                                     .gates = gates}));
    }
    for (const auto& [part, columns] : {std::pair{"ih", inputs}, std::pair{"hh", units}}) {
      weights.push_back(site.bias({.name = fmt::format("bias_{}_l{}", part, layer),
                                   .sizes = {gates * units},
                                   .standard = standard,
                                   .gates = gates,
                                   .fans = fans_of({units, columns})}));
    }
  }
  return weights;
}

// Gates that begin to remember: a unit that multiplies its state by σ(b) a step keeps it for 1 / (1 − σ(b)) =
// 1 + e^b steps, so b = ln U(1, memory − 1) spreads the units over times from 2 steps to `memory` (Tallec, Ollivier
// 2018). In an lstm what is kept is not overwritten, either: −b at the input gate.
void open_gates(const Site& site, const std::vector<at::Tensor>& weights, std::int64_t units, std::int64_t memory) {
  const c10::NoGradGuard none;
  constexpr std::size_t kEach = 4;  // weight_ih, weight_hh, bias_ih, bias_hh
  for (std::size_t first = 0; first < weights.size(); first += kEach) {
    const auto set = [&](std::int64_t gate, const at::Tensor& value) {
      weights[first + 2].narrow(0, gate * units, units).zero_();
      weights[first + 3].narrow(0, gate * units, units).copy_(value);
    };
    const auto generator = parameter_generator(site.parts.seed, fmt::format("{}.memory_l{}", site.name, first / kEach));
    const at::Tensor keep = at::empty({units}).uniform_(1.0, static_cast<double>(memory - 1), generator).log_();
    set(1, keep);  // lstm: i, f, g, o; gru: r, z, n
    if (site.options.type == LayerType::lstm) set(0, -keep);
  }
}

// h and, of lstm, c after the last step: [layers, rows, units].
struct State {
  at::Tensor h, c;
};

struct Recurrent {
  LayerType type;
  std::vector<at::Tensor> weights;
  std::int64_t layers = 1;
  std::int64_t units = 0;
  SequenceInput sequence;
  bool last = true;
  std::int64_t truncate = 0;

  // Goes on from `state`, and leaves it as it is after the last step.
  at::Tensor states(const at::Tensor& x, State& state) const {  // [rows, time, units]
    constexpr bool kBias = true, kTrain = false, kBidirectional = false, kBatchFirst = true;
    constexpr double kDropout = 0.0;
    at::Tensor all;
    switch (type) {
      case LayerType::lstm:
        std::tie(all, state.h, state.c) =
            at::lstm(x, {state.h, state.c}, weights, kBias, layers, kDropout, kTrain, kBidirectional, kBatchFirst);
        return all;
      case LayerType::gru:
        std::tie(all, state.h) =
            at::gru(x, state.h, weights, kBias, layers, kDropout, kTrain, kBidirectional, kBatchFirst);
        return all;
      default:
        std::tie(all, state.h) =
            at::rnn_tanh(x, state.h, weights, kBias, layers, kDropout, kTrain, kBidirectional, kBatchFirst);
        return all;
    }
  }
  // Truncated backpropagation through time (Williams, Peng 1990): the sequence in pieces of `truncate` steps, the last
  // one whole, so that the last state's gradient goes back as far as it may; none passes from a piece to the one
  // before.
  at::Tensor states(const at::Tensor& x) const {
    const at::Tensor zero = at::zeros({layers, x.size(0), units}, x.options());
    State state{zero, zero};
    const std::int64_t time = x.size(1);
    if (truncate == 0 || truncate >= time) return states(x, state);
    std::vector<at::Tensor> pieces;
    for (std::int64_t from = 0, to = (time - 1) % truncate + 1; from < time; from = to, to += truncate) {
      pieces.push_back(states(x.slice(1, from, to), state));
      state = {state.h.detach(), state.c.detach()};
    }
    return last ? pieces.back() : at::cat(pieces, 1);
  }
  at::Tensor operator()(const at::Tensor& x, bool) const {
    const at::Tensor all = states(sequence(x));
    return last ? all.select(1, -1) : all;
  }
};

}  // namespace

at::Tensor SequenceInput::operator()(const at::Tensor& x) const { return image ? x.transpose(1, 2).flatten(2) : x; }

SequenceInput sequence_input(const Site& site) {
  const Sizes& input = site.input;
  if (input.size() == 2) return {.time = input[0], .features = input[1]};
  if (input.size() == 3) return {.time = input[1], .features = input[0] * input[2], .image = true};
  site.misfit("a sequence [time, features]",
              "give the layer before it return = \"all\", or the data as sequences [row, time, features]");
}

Built build_recurrent(const Site& site) {
  const recipe::Layer& options = site.options;
  const SequenceInput sequence = sequence_input(site);
  const std::int64_t units = site.units();
  const std::int64_t layers = site.checked("layers", options.layers);
  const bool last = options.output == recipe::Return::last;
  Recurrent net{.type = options.type,
                .weights = make_weights(site, sequence.features, units, layers),
                .layers = layers,
                .units = units,
                .sequence = sequence,
                .last = last,
                .truncate = site.checked("truncate", options.truncate, 0)};
  if (options.memory != 0) open_gates(site, net.weights, units, site.checked("memory", options.memory, 3));
  return {std::move(net), last ? Sizes{units} : Sizes{sequence.time, units}};
}

}  // namespace thalweg
