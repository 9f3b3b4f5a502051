// `truncate`: how far the gradient of a recurrent layer goes back in time.
#include <gtest/gtest.h>

#include "networks.h"

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

}  // namespace
}  // namespace thalweg::testing
