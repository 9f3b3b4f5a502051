// Moments and gradients by brute force, the verdict of depth, and that measuring leaves everything as it was.
#include "thalweg/observe/propagation/signal.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "tests/observe/propagation/hand_chain.h"

namespace thalweg {
namespace {

TEST(Signal, HasEachLayersMomentsAndGradientsAsBruteForceHasThem) {
  const HandChain chain = random_chain(1, 3, 8, 1.2, 0.3);
  std::vector<at::Tensor> outputs;
  at::Tensor h = chain.x;
  for (std::size_t l = 0; l < chain.weights.size(); ++l) {
    h = at::linear(h, chain.weights[l], chain.biases[l]);
    if (l + 1 < chain.weights.size()) h = at::tanh(h);
    outputs.push_back(h);
  }
  // Row by row: the gradient of each row's own loss.
  std::vector<double> squares(outputs.size(), 0.0);
  for (std::int64_t i = 0; i < 64; ++i) {
    const at::Tensor own = 0.5 * h[i].square().sum();
    const auto g = torch::autograd::grad({own}, outputs, {}, true);
    for (std::size_t l = 0; l < g.size(); ++l) squares[l] += g[l].square().sum().item<double>();
  }
  const Signal s = measure_signal(chain.through());
  ASSERT_EQ(s.layers.size(), 4U);
  for (std::size_t l = 0; l < outputs.size(); ++l) {
    double sum = 0.0, square = 0.0;
    const at::Tensor flat = outputs[l].detach().flatten();
    for (std::int64_t k = 0; k < flat.size(0); ++k) {
      sum += flat[k].item<double>();
      square += flat[k].item<double>() * flat[k].item<double>();
    }
    const auto n = static_cast<double>(flat.size(0));
    EXPECT_NEAR(s.layers[l].mean, sum / n, 1e-12);
    EXPECT_NEAR(s.layers[l].rms, std::sqrt(square / n), 1e-12);
    EXPECT_NEAR(s.layers[l].gradient_rms, std::sqrt(squares[l] / n), 1e-12);
  }
  EXPECT_NEAR(s.backward_gain, s.layers[0].gradient_rms / s.layers[3].gradient_rms, 1e-12);
}

TEST(Signal, OfHugeActivationsInSinglePrecisionDoesNotOverflow) {
  HandChain chain = random_chain(2, 2, 8, 1.0, 0.0, at::kFloat);
  chain.activation = "relu";
  chain.x = chain.x * 1e25F;
  const Signal s = measure_signal(chain.through());
  EXPECT_GT(s.layers[0].rms, 1e24);
  EXPECT_TRUE(std::isfinite(s.layers[0].rms));
}

TEST(Signal, FillsNoGradientAndDrawsNoRandomNumber) {
  const HandChain chain = random_chain(3, 3, 8, 1.0);
  const at::Tensor before = at::globalContext().defaultGenerator(at::kCPU).get_state();
  measure_signal(chain.through(), {.jacobians = true, .exact_outputs = 1});
  EXPECT_TRUE(before.equal(at::globalContext().defaultGenerator(at::kCPU).get_state()));
  for (const at::Tensor& w : chain.weights) EXPECT_FALSE(w.grad().defined());
}

// Doubling the loss doubles the gradients and nothing else.
TEST(Signal, ScalesAsTheLossDoes) {
  HandChain chain = random_chain(4, 3, 8, 1.0);
  const Signal one = measure_signal(chain.through());
  chain.loss = [](const at::Tensor& y) { return y.square().sum() / static_cast<double>(y.size(0)); };
  const Signal two = measure_signal(chain.through());
  EXPECT_NEAR(two.layers[1].gradient_rms, 2.0 * one.layers[1].gradient_rms, 1e-12);
  EXPECT_NEAR(two.backward_gain, one.backward_gain, 1e-12);
  EXPECT_EQ(two.length, one.length);
}

// Rows between two points, as different from each other as images are.
HandChain seen_by(HandChain chain) {
  const at::Tensor ends = at::randn({2, 128}), t = at::rand({64, 1});
  chain.x = t * ends[0] + (1.0 - t) * ends[1] + 0.2 * at::randn({64, 128});
  return chain;
}

TEST(Signal, AFewLayersPassAndManyThatShrinkItAreTooDeep) {
  const Signal few = measure_signal(seen_by(random_chain(5, 4, 128, 1.0, 0.0, at::kFloat)).through());
  EXPECT_EQ(few.verdict, DepthVerdict::passes) << few.reason;
  const Signal many = measure_signal(seen_by(random_chain(5, 40, 128, 0.6, 0.0, at::kFloat)).through());
  EXPECT_EQ(many.verdict, DepthVerdict::too_deep) << many.reason;
  EXPECT_LT(many.backward_gain, 1e-6);
}

TEST(Signal, OfOneLayerHasNoDepth) {
  const Signal s = measure_signal(random_chain(6, 0, 8, 1.0).through());
  EXPECT_EQ(s.depth, 0);
  EXPECT_EQ(s.verdict, DepthVerdict::cannot_tell);
}

// An instrument that says an infinite number is given up.
TEST(SignalReadings, OfANetworkThatLosesNothingAreFinite) {
  HandChain chain{.activation = "none"};
  for (int l = 0; l < 4; ++l) chain.weights.push_back(at::eye(8, at::kDouble).requires_grad_());
  chain.x = at::randn({64, 8}, at::kDouble);
  for (const Reading& r : signal_readings(measure_signal(chain.through()), 0, [](auto) { return Scope{1}; }))
    EXPECT_TRUE(std::isfinite(r.value)) << info(r.quantity).name;
}

TEST(SignalReadings, SayEachLayerInItsScopeAndOnlyWhatWasMeasured) {
  const Signal s = measure_signal(random_chain(7, 2, 8, 1.0).through(), {.gradients = false});
  std::vector<std::string> asked;
  const auto readings = signal_readings(s, 12, [&](std::string_view layer) {
    asked.emplace_back(layer);
    return static_cast<Scope>(asked.size());
  });
  EXPECT_EQ(asked, (std::vector<std::string>{"linear1", "linear2", "linear3"}));
  double cost = 0.0;
  for (const Reading& r : readings) {
    EXPECT_EQ(r.step, 12);
    EXPECT_FALSE(std::isnan(r.value));
    EXPECT_NE(r.quantity, Quantity::activation_gradient_rms);
    cost += static_cast<double>(r.cost);
  }
  EXPECT_NEAR(cost, s.gradient_units, 1e-4);
  EXPECT_TRUE(std::ranges::any_of(readings, [](const Reading& r) { return r.quantity == Quantity::depth_in_lengths; }));
}

}  // namespace
}  // namespace thalweg
