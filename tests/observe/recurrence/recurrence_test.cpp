// The recurrent layers of a network as its tap shows them, and what the instrument says of them while it trains.
#include "thalweg/observe/recurrence/recurrence.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "cells.h"
#include "tests/observe/collect.h"
#include "thalweg/model/network.h"
#include "thalweg/observe/catalogue.h"
#include "thalweg/observe/recurrence/in_time.h"

namespace thalweg {
namespace {

using recipe::Layer;
using recipe::LayerType;
using recipe::Return;

struct Task {
  std::unique_ptr<Network> network;
  at::Tensor x, y;

  Task(std::vector<Layer> layers, NetworkShape shape) {
    at::manual_seed(1);
    recipe::Model model;
    model.layers = std::move(layers);
    std::vector<std::int64_t> sizes{6};
    sizes.insert(sizes.end(), shape.input.begin(), shape.input.end());
    x = at::randn(sizes);
    network = build_network(model, shape, 3);
    y = at::randn_like(network->forward(x).detach());
  }
  Through through() {
    return [this](Tap& tap, const std::function<void(const at::Tensor&)>& use) {
      network->tap(&tap);
      const at::Tensor loss = at::mse_loss(network->forward(x), y);
      network->tap(nullptr);
      use(loss);
    };
  }
  at::Tensor weight(std::string_view name) const {
    for (const auto& [candidate, w] : network->parameters()) {
      if (candidate == name) return w;
    }
    return {};
  }
  std::vector<RecurrentLayer> measure(const RecurrenceOptions& options = {}) {
    return measure_recurrence(
        through(), [this](std::string_view name) { return weight(name); }, options);
  }
};

Layer layer(LayerType type, Return output = Return::last, std::int64_t levels = 1) {
  return {.type = type, .units = 5, .layers = levels, .output = output};
}

TEST(MeasureRecurrence, FindsEachLevelOfEachRecurrentLayer) {
  Task task({layer(LayerType::gru, Return::all), layer(LayerType::lstm, Return::last, 2), {.units = 1}},
            {.input = {9, 3}});
  const auto found = task.measure();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].layer, "gru1");
  EXPECT_EQ(found[1].layer, "lstm1.1");
  EXPECT_EQ(found[2].layer, "lstm1.2");
  for (const RecurrentLayer& r : found) {
    const std::size_t size = r.kind == "lstm" ? 10 : 5, gates = r.kind == "lstm" ? 4 : 3;
    EXPECT_EQ(r.time, 9);
    EXPECT_EQ(r.rows, 6);
    EXPECT_EQ(r.matrices.size(), gates + 1);
    EXPECT_EQ(r.matrices.back().eigenvalues.size(), size);
    EXPECT_EQ(r.exponents.size(), size);
    EXPECT_TRUE(r.all_exponents);
    EXPECT_EQ(r.gradient.size(), 9U);
    EXPECT_EQ(r.gradient.front(), 1.0);
    EXPECT_LT(r.decay.value, 0.0) << "small random gates forget";
  }
}

TEST(MeasureRecurrence, HasNothingToSayWhereNothingRecurs) {
  Task task({{.units = 4}, {.units = 1}}, {.input = {7}});
  EXPECT_TRUE(task.measure().empty());
}

// The network in float32, its own steps in float64: the last state's gradient back to an input is autograd's.
TEST(MeasureRecurrence, ItsGradientIsTheNetworksOwn) {
  Task task({layer(LayerType::rnn), {.units = 1}}, {.input = {12, 5}});
  const at::Tensor w = task.weight("rnn1.weight_hh_l0").detach();
  task.weight("rnn1.weight_ih_l0").detach().copy_(w);  // then ∂L/∂x_t = ∂L/∂h_(t−1)
  task.x.requires_grad_();
  const at::Tensor g =
      torch::autograd::grad({at::mse_loss(task.network->forward(task.x), task.y)}, {task.x}).front().norm(2, 2).log();
  const auto measured = task.measure();
  for (std::int64_t k = 2; k < 12; ++k) {
    const double expected = (g.select(1, 12 - k) - g.select(1, 11)).mean().item<double>();  // against distance 1
    const auto at = static_cast<std::size_t>(k);
    EXPECT_NEAR(std::log(measured[0].gradient[at] / measured[0].gradient[1]), expected, 1e-4) << k;
  }
}

// Rows of an image are its steps in time: as the layer itself reads it.
TEST(MeasureRecurrence, ReadsAnImageRowByRow) {
  Task image({layer(LayerType::gru), {.units = 1}}, {.input = {2, 7, 3}});
  Task sequence({layer(LayerType::gru), {.units = 1}}, {.input = {7, 6}});
  sequence.x = image.x.transpose(1, 2).flatten(2);
  sequence.y = image.y;
  const auto a = image.measure(), b = sequence.measure();
  EXPECT_EQ(a[0].time, 7);
  EXPECT_EQ(a[0].exponents[0].value, b[0].exponents[0].value);
  EXPECT_EQ(a[0].gradient, b[0].gradient);
}

// Rows that the loss asks nothing of have no gradient to follow.
TEST(MeasureRecurrence, LooksAtRowsThatAreAskedSomething) {
  Task task({layer(LayerType::rnn), {.units = 1}}, {.input = {8, 3}});
  {
    const c10::NoGradGuard no_graph;
    const at::Tensor out = task.network->forward(task.x);
    task.y.slice(0, 0, 4).copy_(out.slice(0, 0, 4));  // rows 0 … 3 are right already
  }
  const auto found = task.measure();
  EXPECT_LE(found[0].rows, 6);
  for (const double g : found[0].gradient) EXPECT_TRUE(std::isfinite(g));
}

TEST(MeasureRecurrence, ChangesNothing) {
  Task task({layer(LayerType::lstm), {.units = 1}}, {.input = {8, 3}});
  std::vector<at::Tensor> before;
  for (const auto& [name, w] : task.network->parameters()) before.push_back(w.detach().clone());
  task.measure();
  std::size_t i = 0;
  for (const auto& [name, w] : task.network->parameters()) {
    EXPECT_TRUE(w.equal(before[i++])) << name;
    EXPECT_FALSE(w.grad().defined()) << name;
  }
}

// --- the instrument

struct Shown {
  Task& task;
  std::vector<std::string> names;
  std::vector<std::string> layers;
  Step step;

  explicit Shown(Task& t) : task(t) {
    for (const auto& [name, w] : task.network->parameters()) {
      names.push_back(name);
      step.parameters.push_back(w);
    }
    step.names = names;
    step.through = task.through();
    step.scope_of = [this](std::string_view layer) {
      const auto found = std::ranges::find(layers, layer);
      if (found != layers.end()) return static_cast<Scope>(100 + (found - layers.begin()));
      layers.emplace_back(layer);
      return static_cast<Scope>(99 + layers.size());
    };
  }
  Collect look() {
    Collect said;
    InTime().after_backward(step, said);
    return said;
  }
};

TEST(InTime, SaysOfEachRecurrentLayerWhatIsMeasured) {
  Task task({layer(LayerType::rnn, Return::all), layer(LayerType::lstm), {.units = 1}}, {.input = {20, 3}});
  Shown shown(task);
  const Collect said = shown.look();
  const auto measured = task.measure({.rows = 4, .powers = false});
  ASSERT_THAT(shown.layers, testing::ElementsAre("rnn1", "lstm1"));
  for (std::size_t i = 0; i < 2; ++i) {
    const auto scope = static_cast<Scope>(100 + i);
    EXPECT_EQ(said.only(Quantity::recurrent_radius, scope).value, measured[i].radius);
    EXPECT_EQ(said.only(Quantity::lyapunov_exponent, scope).value, measured[i].exponents.front().value);
    EXPECT_EQ(said.only(Quantity::lyapunov_lowest, scope).value, measured[i].exponents.back().value);
    EXPECT_EQ(said.only(Quantity::gradient_time_decay, scope).value, measured[i].decay.value);
    EXPECT_EQ(said.only(Quantity::memory_horizon, scope).value, measured[i].horizon.value);
    EXPECT_EQ(said.only(Quantity::backward_gain, scope).value, measured[i].gradient.back());
  }
  EXPECT_EQ(said.readings.size(), 12U);
}

TEST(InTime, AHorizonBeyondTheSequenceIsNotSaid) {
  Task task({layer(LayerType::rnn), {.units = 1}}, {.input = {10, 3}});
  {
    const c10::NoGradGuard no_graph;
    task.weight("rnn1.weight_hh_l0").copy_(at::eye(5));
    task.weight("rnn1.weight_ih_l0").mul_(0.01);
    task.weight("rnn1.bias_ih_l0").zero_();
    task.weight("rnn1.bias_hh_l0").zero_();
  }
  Shown shown(task);
  const Collect said = shown.look();
  for (const Reading& reading : said.readings) EXPECT_NE(reading.quantity, Quantity::memory_horizon);
  EXPECT_GT(said.only(Quantity::backward_gain, 100).value, 0.01);
  EXPECT_NEAR(said.only(Quantity::recurrent_radius, 100).value, 1.0, 1e-6);
  EXPECT_NEAR(said.only(Quantity::lyapunov_exponent, 100).value, 0.0, 0.01);
}

TEST(InTime, IsSilentAndRunsNothingWhereNothingRecurs) {
  Task task({{.units = 4}, {.units = 1}}, {.input = {7}});
  Shown shown(task);
  shown.step.through = [](Tap&, const auto&) { FAIL() << "a forward was made"; };
  EXPECT_TRUE(shown.look().readings.empty());
}

TEST(InTime, IsInTheCatalogue) {
  const auto made = make_instruments({"recurrence"}, {});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0]->name(), "recurrence");
  EXPECT_TRUE(made[0]->needs().taps);
}

}  // namespace
}  // namespace thalweg
