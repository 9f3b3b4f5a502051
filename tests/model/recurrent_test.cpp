// `truncate`: how far the gradient of a recurrent layer goes back in time. `memory`: how long its gates begin to
// remember.
#include <gtest/gtest.h>

#include "networks.h"
#include "thalweg/record/error.h"

namespace thalweg::testing {
namespace {

using recipe::Return;

constexpr std::int64_t kTime = 11;

std::unique_ptr<Network> recurrent(LayerType type, std::int64_t truncate, Return output) {
  return build_double({{.type = type, .units = 4, .layers = 2, .output = output, .truncate = truncate}},
                      {.input = {kTime, 3}});
}

struct Passed {
  at::Tensor output, by_input;  // [rows, …], [rows, time]: length of the gradient that reaches x_t
  std::vector<at::Tensor> by_weights;
};

// L = Σ weight · output.
Passed pass(Network& network, const at::Tensor& weight = {}) {
  const at::Tensor x = Wave{.rate = 0.7}({2, kTime, 3}).requires_grad_();
  const at::Tensor y = network.forward(x);
  std::vector<at::Tensor> of{x};
  for (const at::Tensor& w : tensors(network)) of.push_back(w);
  auto gradients = torch::autograd::grad({(weight.defined() ? y * weight : y).sum()}, of);
  return {y.detach(), gradients.front().norm(2, 2), {gradients.begin() + 1, gradients.end()}};
}

class Truncate : public ::testing::TestWithParam<LayerType> {};

TEST_P(Truncate, LeavesTheForwardAsItIs) {
  for (const Return output : {Return::last, Return::all}) {
    const Passed whole = pass(*recurrent(GetParam(), 0, output));
    for (const std::int64_t steps : {1, 3, 4, 10}) {
      EXPECT_LT(distance(pass(*recurrent(GetParam(), steps, output)).output, whole.output), 1e-15) << steps;
    }
  }
}

TEST_P(Truncate, AsLongAsTheSequenceOrLongerIsNone) {
  const Passed whole = pass(*recurrent(GetParam(), 0, Return::last));
  for (const std::int64_t steps : {kTime, kTime + 5}) {
    const Passed cut = pass(*recurrent(GetParam(), steps, Return::last));
    EXPECT_TRUE(cut.output.equal(whole.output));
    for (std::size_t i = 0; i < whole.by_weights.size(); ++i) {
      EXPECT_TRUE(cut.by_weights[i].equal(whole.by_weights[i])) << i;
    }
  }
}

// Of the last state: what reaches the last k inputs is the whole gradient, and nothing reaches those before.
TEST_P(Truncate, TheLastStatesGradientGoesBackThatManySteps) {
  const Passed whole = pass(*recurrent(GetParam(), 0, Return::last));
  for (const std::int64_t steps : {1, 3, 4, 10}) {
    const Passed cut = pass(*recurrent(GetParam(), steps, Return::last));
    EXPECT_EQ(cut.by_input.narrow(1, 0, kTime - steps).abs().max().item<double>(), 0.0) << steps;
    EXPECT_LT(distance(cut.by_input.narrow(1, kTime - steps, steps), whole.by_input.narrow(1, kTime - steps, steps)),
              1e-14)
        << steps;
    if (steps == kTime - 1) continue;  // the first step's W_hh meets a state of zeros
    EXPECT_GT(distance(cut.by_weights[1], whole.by_weights[1]), 1e-6) << "W_hh misses what lies further back";
  }
}

// With a loss at each step, none goes back further than that; of 11 steps in pieces of 4, the cuts lie before 3 and 7.
TEST_P(Truncate, OfALossAtEachStepNoneGoesBackFurther) {
  const auto network = recurrent(GetParam(), 4, Return::all);
  for (std::int64_t t = 0; t < kTime; ++t) {
    const at::Tensor only = at::zeros({kTime, 1}, at::kDouble);
    only[t] = 1.0;
    const at::Tensor reached = pass(*network, only).by_input.amax(0);
    const std::int64_t first = t < 3 ? 0 : t < 7 ? 3 : 7;
    for (std::int64_t s = 0; s < kTime; ++s) {
      EXPECT_EQ(reached[s].item<double>() != 0.0, first <= s && s <= t) << "from " << t << " to " << s;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Truncate, ::testing::Values(LayerType::rnn, LayerType::gru, LayerType::lstm),
                         [](const auto& info) {
                           return info.param == LayerType::rnn ? "rnn" : info.param == LayerType::gru ? "gru" : "lstm";
                         });

// --- memory

constexpr std::int64_t kUnits = 2000, kMemory = 50;

at::Tensor gate_bias(const Network& network, std::int64_t gate, std::int64_t layer) {
  at::Tensor sum = at::zeros({kUnits}, at::kDouble);
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.find(".bias_") == std::string::npos || !name.ends_with(std::to_string(layer))) continue;
    sum += tensor.detach().narrow(0, gate * kUnits, kUnits);
  }
  return sum;
}

std::unique_ptr<Network> remembering(LayerType type, std::int64_t memory, std::int64_t units, std::int64_t layers) {
  return build_double({{.type = type, .units = units, .layers = layers, .memory = memory}}, {.input = {kTime, 1}});
}

// e^b + 1 steps are kept: uniform between 2 and 50, so of mean 26 and of variance 48² / 12.
TEST(Memory, SpreadsTheUnitsOverTimesUpToIt) {
  for (const LayerType type : {LayerType::gru, LayerType::lstm}) {
    const auto network = remembering(type, kMemory, kUnits, 1);
    const at::Tensor keep = gate_bias(*network, 1, 0), steps = keep.exp() + 1.0;
    EXPECT_GE(steps.min().item<double>(), 2.0 - 1e-6);
    EXPECT_LE(steps.max().item<double>(), 50.0 + 1e-4);
    const double error = std::sqrt(48.0 * 48.0 / 12.0 / kUnits);
    EXPECT_NEAR(steps.mean().item<double>(), 26.0, 5.0 * error);
    EXPECT_NEAR(steps.var().item<double>(), 192.0, 20.0);
    if (type == LayerType::lstm) EXPECT_TRUE(gate_bias(*network, 0, 0).equal(-keep));
  }
}

// Where no weight is left but the gate's bias, a gru's state is multiplied by σ(b) a step, an lstm's cell, too.
TEST(Memory, IsTheTimeThatTheStateIsKept) {
  const auto network = remembering(LayerType::gru, kMemory, 8, 1);
  const torch::NoGradGuard none;
  at::Tensor keep;
  for (const auto& [name, tensor] : network->parameters()) {
    if (name.find("weight_") != std::string::npos) tensor.detach().zero_();
    if (name.find("bias_hh") != std::string::npos) keep = tensor.detach().narrow(0, 8, 8).clone();
    // The new state is tanh(b_n): a constant that the kept state goes to.
    if (name.find("bias_ih") != std::string::npos) tensor.detach().narrow(0, 16, 8).fill_(0.5);
    if (name.find("bias_hh") != std::string::npos) tensor.detach().narrow(0, 16, 8).zero_();
  }
  const at::Tensor h = network->forward(at::zeros({1, kTime, 1}, at::kDouble));
  const at::Tensor expected = (1.0 - at::sigmoid(keep).pow(kTime)) * std::tanh(0.5);
  EXPECT_LT(distance(h.flatten(), expected), 1e-12);
}

TEST(Memory, LeavesAllElseAsItWasDrawn) {
  const auto with = remembering(LayerType::lstm, 20, 6, 2), without = remembering(LayerType::lstm, 0, 6, 2);
  for (std::size_t i = 0; i < with->parameters().size(); ++i) {
    const auto& [name, a] = with->parameters()[i];
    const at::Tensor &b = without->parameters()[i].second, rest_a = a.narrow(0, 12, 12), rest_b = b.narrow(0, 12, 12);
    EXPECT_TRUE(rest_a.equal(rest_b)) << name;  // g and o
    EXPECT_EQ(a.equal(b), name.find("weight_") != std::string::npos) << name;
  }
}

TEST(Memory, OfFewerThanThreeStepsIsRefused) {
  EXPECT_THROW(remembering(LayerType::gru, 2, 4, 1), UsageError);
  EXPECT_NO_THROW(remembering(LayerType::gru, 3, 4, 1));
}

}  // namespace
}  // namespace thalweg::testing
