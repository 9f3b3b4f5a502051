// The instrument waits until its window is full, and says the shares of the whole window.
#include "thalweg/observe/propagation/units.h"

#include <gtest/gtest.h>

#include "tests/observe/collect.h"
#include "tests/observe/propagation/hand_chain.h"
#include "thalweg/observe/propagation/passing_signal.h"

namespace thalweg {
namespace {

// Unit 0 fires on one row of one batch only, unit 1 never.
HandChain sparse_chain(bool fires) {
  HandChain chain{.activation = "relu"};
  chain.weights = {at::eye(4, at::kDouble).requires_grad_(), at::ones({2, 4}, at::kDouble).requires_grad_()};
  chain.x = at::rand({20, 4}, at::kDouble) + 0.1;
  chain.x.select(1, 0).fill_(-1.0);
  chain.x.select(1, 1).fill_(-1.0);
  if (fires) chain.x[7][0] = 1.0;
  return chain;
}

Step step_of(const HandChain& chain, std::int64_t index) {
  Step step{.index = index, .parameters = {}};
  step.through = chain.through();
  step.scope_of = [](std::string_view layer) { return static_cast<Scope>(layer.back() - '1' + 5); };  // linear1: 5
  return step;
}

TEST(Units, WaitForTheWholeWindow) {
  Units units({.rows = 100, .batches = 3, .census = {}});
  Collect said;
  for (std::int64_t i = 0; i < 4; ++i) {
    units.after_backward(step_of(sparse_chain(i == 1), i), said);
    EXPECT_TRUE(said.readings.empty()) << "after " << 20 * (i + 1) << " rows";
  }
  units.after_backward(step_of(sparse_chain(false), 4), said);
  EXPECT_EQ(said.only(Quantity::dead_units, 5).value, 0.25) << "one row in a hundred is enough to be alive";
  EXPECT_EQ(said.only(Quantity::dead_units, 5).step, 4);
  said.readings.clear();
  for (std::int64_t i = 5; i < 10; ++i) units.after_backward(step_of(sparse_chain(false), i), said);
  EXPECT_EQ(said.only(Quantity::dead_units, 5).value, 0.5) << "the next window knows nothing of the last";
}

TEST(PassingSignal, SaysLayersAndTheWholeModelOfTheStepsBatch) {
  const HandChain chain = random_chain(1, 6, 32, 1.3, 0.2);
  Collect said;
  PassingSignal().after_backward(step_of(chain, 9), said);
  const Signal s = measure_signal(chain.through(), {.units = false});
  EXPECT_EQ(said.only(Quantity::activation_rms, 5).value, s.layers[0].rms);
  EXPECT_EQ(said.only(Quantity::backward_gain).value, s.backward_gain);
  EXPECT_EQ(said.only(Quantity::depth_in_lengths).value, s.lengths);
  EXPECT_EQ(said.only(Quantity::depth_in_lengths).step, 9);
}

TEST(PassingSignal, OfAGradientThatIsNotFiniteSaysNothing) {
  const HandChain chain = random_chain(1, 2, 8, 1.0);
  Step step = step_of(chain, 0);
  step.finite = false;
  Collect said;
  PassingSignal().after_backward(step, said);
  EXPECT_TRUE(said.readings.empty());
}

}  // namespace
}  // namespace thalweg
