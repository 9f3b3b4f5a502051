// Training loops as people write them, on Watch: the bits stay those of the plain loop, and what is recorded is said
// here, program by program. Several backwards, losses and closures; watch_trouble_test.cpp has the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <optional>
#include <vector>

#include "thalweg/train/watch.h"
#include "watched_programs.h"

namespace thalweg {
namespace {

using namespace programs;
using testing::Contains;
using testing::HasSubstr;

// ---------------------------------------------------------------------------------- several backwards, one step

TEST(Program, ThatAccumulatesHasOneStepWithTheWholeBatchsLossAndGradient) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(1);
    auto network = small_network();
    torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    std::vector<double> losses, squares;
    for (int k = 0; k < kSteps; ++k) {
      optimizer.zero_grad();
      double whole = 0.0;
      for (int part = 0; part < 4; ++part) {
        const at::Tensor loss = loss_of(network, batch(4 * k + part)) / 4;
        whole += loss.item<double>();
        calls.backward(loss);
      }
      losses.push_back(whole);
      squares.push_back(squared_norm(gradients(network->parameters())));
      calls.step();
    }
    if (watched) {
      EXPECT_EQ(watch->steps(), kSteps);
      EXPECT_THAT(values(*watch, Quantity::loss), testing::Pointwise(testing::DoubleNear(1e-14), losses));
      EXPECT_THAT(values(*watch, Quantity::gradient_sq), testing::Pointwise(testing::DoubleNear(1e-12), squares));
    }
    return left_behind(network->parameters());
  });
}

TEST(Program, ThatAccumulatesWithClosuresIsToldOnceAndGoesOn) {
  torch::manual_seed(1);
  auto network = small_network();
  torch::optim::SGD optimizer(network->parameters(), 0.1);
  Watch watch(network->named_parameters(), optimizer, every_step());
  for (int k = 0; k < 4; ++k) {
    optimizer.zero_grad();
    for (int part = 0; part < 2; ++part) {
      const auto again = [&, rows = batch(2 * k + part)] { return loss_of(network, rows) / 2; };
      watch.backward(again(), again);
    }
    watch.step();
  }
  EXPECT_EQ(watch.steps(), 4);
  EXPECT_THAT(watch.notes(), Contains(HasSubstr("several backwards")).Times(1));
}

TEST(Program, ThatClipsIsWatchedBeforeTheClippingAndItsUpdateAfterIt) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(2);
    auto network = small_network();
    torch::optim::SGD optimizer(network->parameters(), 0.1);
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    for (int k = 0; k < kSteps; ++k) {
      optimizer.zero_grad();
      const auto again = [&, rows = batch(k)] { return loss_of(network, rows); };
      const at::Tensor loss = again();
      calls.backward(loss, again);
      const double whole = squared_norm(gradients(network->parameters()));
      torch::nn::utils::clip_grad_norm_(network->parameters(), 0.05);
      calls.step();
      if (!watched) continue;
      EXPECT_NEAR(last(*watch, Quantity::gradient_sq), whole, 1e-12 * whole);
      EXPECT_NEAR(last(*watch, Quantity::actual_change), again().item<double>() - loss.item<double>(), 1e-14);
    }
    return left_behind(network->parameters());
  });
}

// ------------------------------------------------------------------------------------------ several losses, two
// watches

TEST(Program, ThatIsAGanHasAWatchForEachOfItsOptimizers) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(3);
    auto generator = small_network(6, 6), critic = small_network(6, 1);
    torch::optim::Adam steps_generator(generator->parameters(), 1e-2), steps_critic(critic->parameters(), 1e-2);
    std::optional<Watch> of_generator, of_critic;
    WatchOptions options = every_step();
    options.objective = "surrogate";
    if (watched) of_generator.emplace(generator->named_parameters(), steps_generator, options);
    if (watched) of_critic.emplace(critic->named_parameters(), steps_critic, options);
    const Calls generates{watched ? &*of_generator : nullptr, &steps_generator};
    const Calls criticises{watched ? &*of_critic : nullptr, &steps_critic};
    Tensors left;
    for (int k = 0; k < kSteps; ++k) {
      const at::Tensor noise = torch::randn({8, 6}, at::kDouble);
      steps_critic.zero_grad();
      criticises.backward(torch::softplus(-critic->forward(batch(k).x)).mean());
      criticises.backward(torch::softplus(critic->forward(generator->forward(noise).detach())).mean());
      criticises.step();
      steps_generator.zero_grad();
      generates.backward(torch::softplus(-critic->forward(generator->forward(noise))).mean());
      const Tensors in_critic = gradients(critic->parameters());  // the generator's loss leaves them there, too
      left.insert(left.end(), in_critic.begin(), in_critic.end());
      generates.step();
    }
    if (watched) {
      EXPECT_EQ(of_critic->steps(), kSteps);
      EXPECT_EQ(of_generator->steps(), kSteps);
      EXPECT_EQ(values(*of_critic, Quantity::loss).size(), std::size_t{kSteps});
    }
    for (const auto* network : {&generator, &critic}) {
      const Tensors all = left_behind((*network)->parameters());
      left.insert(left.end(), all.begin(), all.end());
    }
    return left;
  });
}

// ------------------------------------------------------------------------------------------------------- closures

TEST(Program, OfLbfgsRecordsTheLossThatEachStepBeganAt) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(4);
    auto network = small_network();
    torch::optim::LBFGS optimizer(network->parameters(), torch::optim::LBFGSOptions(0.5).max_iter(5));
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    std::vector<double> first;
    for (int k = 0; k < 5; ++k) {
      const at::Tensor loss = calls.step([&] {
        optimizer.zero_grad();
        const at::Tensor now = loss_of(network, batch(0, 32));
        calls.backward(now);
        return now;
      });
      first.push_back(loss.item<double>());
    }
    if (watched) {
      EXPECT_THAT(watch->notes(), Contains(HasSubstr("several times a step")).Times(1));
      EXPECT_EQ(watch->steps(), 5);
      EXPECT_THAT(values(*watch, Quantity::loss), testing::Pointwise(testing::DoubleNear(1e-14), first));
      EXPECT_TRUE(values(*watch, Quantity::overshoot).empty()) << "curvature is not watched";
    }
    return left_behind(network->parameters());
  });
}

// A closure that the optimizer calls once is a step like any other.
TEST(Program, ThatGivesSgdAClosureHasItsCurvatureWatched) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(5);
    auto network = small_network();
    torch::optim::SGD optimizer(network->parameters(), 0.1);
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    for (int k = 0; k < kSteps; ++k) {
      calls.step([&] {
        optimizer.zero_grad();
        const at::Tensor now = loss_of(network, batch(k));
        calls.backward(now);
        return now;
      });
    }
    if (watched) EXPECT_EQ(values(*watch, Quantity::overshoot).size(), std::size_t{kSteps});
    return left_behind(network->parameters());
  });
}

}  // namespace
}  // namespace thalweg
