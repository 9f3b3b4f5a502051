// Training loops with parameters, updates, losses and rates out of the ordinary, on Watch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "thalweg/train/watch.h"
#include "watched_programs.h"

namespace thalweg {
namespace {

using namespace programs;
using testing::Contains;
using testing::HasSubstr;

// ----------------------------------------------------------------------- parameters of every kind, said at
// construction

TEST(Program, WithFrozenSharedForeignAndUnsteppedParametersIsToldTheirNames) {
  torch::manual_seed(6);
  auto network = small_network();
  const auto parameters = network->parameters();
  parameters[1].set_requires_grad(false);
  const at::Tensor alone = torch::ones({3}, at::kDouble).requires_grad_();
  const at::Tensor idle = torch::ones({4}, at::kDouble).requires_grad_();
  const at::Tensor foreign = torch::ones({2}, at::kDouble).requires_grad_();
  auto named = network->named_parameters();
  named.insert("alone", alone);
  named.insert("idle", idle);
  named.insert("tied", parameters[0]);
  torch::optim::SGD optimizer({parameters[0], parameters[2], parameters[3], alone, foreign},
                              torch::optim::SGDOptions(0.1));
  Watch watch(named, optimizer, every_step());
  EXPECT_THAT(watch.notes(), Contains(HasSubstr("0.bias"))) << "frozen";
  EXPECT_THAT(watch.notes(), Contains(HasSubstr("tied")));
  EXPECT_THAT(watch.notes(), Contains(testing::AllOf(HasSubstr("does not step"), HasSubstr("idle"))));
  EXPECT_THAT(watch.notes(), Contains(HasSubstr("steps 1 parameters that are not the model's")));
  for (int k = 0; k < 4; ++k) {  // `alone` and `idle` are in no loss at all
    optimizer.zero_grad();
    watch.backward(loss_of(network, batch(k)));
    const double whole = squared_norm(gradients(parameters));
    watch.step();
    EXPECT_NEAR(last(watch, Quantity::gradient_sq), whole, 1e-12 * whole) << "the tied tensor counts once";
  }
  EXPECT_EQ(watch.steps(), 4);
}

TEST(Program, WithAnUnusedParameterIsWatchedAsOneWithout) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(7);
    auto network = small_network();
    const at::Tensor unused = torch::ones({3}, at::kDouble).requires_grad_();
    auto named = network->named_parameters();
    named.insert("unused", unused);
    Tensors all = network->parameters();
    all.insert(all.begin(), unused);  // the first of all has never a gradient
    torch::optim::AdamW optimizer(all, 1e-2);
    std::optional<Watch> watch;
    if (watched) watch.emplace(named, optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    for (int k = 0; k < kSteps; ++k) {
      optimizer.zero_grad();
      const auto again = [&, rows = batch(k)] { return loss_of(network, rows); };
      calls.backward(again(), again);
      calls.step();
    }
    if (watched) EXPECT_EQ(values(*watch, Quantity::overshoot).size(), std::size_t{kSteps});
    return left_behind(all);
  });
}

TEST(Program, WithParameterGroupsGoesByTheFirstsRate) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(8);
    auto network = small_network();
    const auto p = network->parameters();
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(Tensors{p[0], p[1]}, std::make_unique<torch::optim::SGDOptions>(0.02));
    groups.emplace_back(Tensors{p[2], p[3]}, std::make_unique<torch::optim::SGDOptions>(0.2));
    torch::optim::SGD optimizer(groups, torch::optim::SGDOptions(0.1));
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    for (int k = 0; k < kSteps; ++k) {
      optimizer.zero_grad();
      calls.backward(loss_of(network, batch(k)));
      calls.step();
    }
    if (watched) {
      EXPECT_THAT(values(*watch, Quantity::learning_rate), testing::Each(0.02));
      EXPECT_NEAR(last(*watch, Quantity::stability_limit), 2.0 / 0.02, 1e-9);
    }
    return left_behind(p);
  });
}

// ------------------------------------------------------------------------------------------------ without an optimizer

TEST(Program, ThatUpdatesByHandIsWatchedBetweenItsBackwards) {
  torch::manual_seed(9);
  auto network = small_network();
  Watch::Parameters named;
  for (const auto& item : network->named_parameters()) named.emplace_back(item.key(), item.value());
  Watch watch(named, nullptr, every_step());
  std::vector<double> losses, changes;
  for (int k = 0; k < kSteps; ++k) {
    const at::Tensor loss = loss_of(network, batch(k));
    losses.push_back(loss.item<double>());
    network->zero_grad();
    watch.backward(loss);
    {
      const torch::NoGradGuard no_grad;
      for (at::Tensor& p : network->parameters()) p.sub_(0.02 * p.grad());
    }
    changes.push_back(loss_of(network, batch(k)).item<double>() - losses.back());
  }
  watch.step();  // the last
  EXPECT_EQ(watch.steps(), kSteps);
  EXPECT_THAT(values(watch, Quantity::loss), testing::Pointwise(testing::DoubleNear(1e-14), losses));
  const auto predicted = values(watch, Quantity::predicted_change);
  ASSERT_EQ(predicted.size(), std::size_t{kSteps});
  for (std::size_t k = 0; k < predicted.size(); ++k) {
    EXPECT_NEAR(predicted[k], changes[k], 0.05 * std::abs(changes[k]));
  }
}

// ---------------------------------------------------------------------------------------------------- what goes wrong

TEST(Program, InWhichAnExceptionComesBetweenBackwardAndStepGoesOnWithTheNextBatch) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(10);
    auto network = small_network();
    torch::optim::SGD optimizer(network->parameters(), 0.1);
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    std::vector<double> kept;
    for (int k = 0; k < kSteps; ++k) {
      try {
        optimizer.zero_grad();
        const at::Tensor loss = loss_of(network, batch(k));
        calls.backward(loss);
        if (k % 3 == 1) throw std::runtime_error("a batch that is skipped");
        kept.push_back(loss.item<double>());
        calls.step();
      } catch (const std::runtime_error&) {
      }
    }
    if (watched) {
      EXPECT_EQ(watch->steps(), static_cast<std::int64_t>(kept.size()));
      EXPECT_THAT(values(*watch, Quantity::loss), testing::Pointwise(testing::DoubleNear(1e-14), kept))
          << "a batch that was not stepped is in no step's loss";
    }
    return left_behind(network->parameters());
  });
}

TEST(Program, WhoseClosureThrowsGetsTheExceptionAndGoesOn) {
  torch::manual_seed(11);
  auto network = small_network();
  torch::optim::SGD optimizer(network->parameters(), 0.1);
  Watch watch(network->named_parameters(), optimizer, every_step());
  const auto closure = [&](bool fails) {
    return [&, fails] {
      optimizer.zero_grad();
      const at::Tensor loss = loss_of(network, batch(1));
      watch.backward(loss);
      if (fails) throw std::runtime_error("out of data");
      return loss;
    };
  };
  EXPECT_THROW(watch.step(closure(true)), std::runtime_error);
  const double expected = loss_of(network, batch(1)).item<double>();
  watch.step(closure(false));
  EXPECT_NEAR(last(watch, Quantity::loss), expected, 1e-14);
}

TEST(Program, WhoseLossTurnsNanIsRecordedAndJudgedSo) {
  expect_same_bits([](bool watched) {
    torch::manual_seed(12);
    auto network = small_network();
    torch::optim::SGD optimizer(network->parameters(), 0.1);
    std::optional<Watch> watch;
    if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
    const Calls calls{watched ? &*watch : nullptr, &optimizer};
    for (int k = 0; k < kSteps; ++k) {
      optimizer.zero_grad();
      const at::Tensor loss = loss_of(network, batch(k)) * (k == 5 ? std::nan("") : 1.0);
      calls.backward(loss);
      calls.step();
    }
    if (watched) {
      EXPECT_TRUE(std::isnan(values(*watch, Quantity::loss)[5]));
      EXPECT_EQ(watch->verdict(), "fault");
      EXPECT_THAT(watch->findings(), Contains(testing::Field(&Finding::code, "non_finite")));
    }
    return Tensors{network->parameters()[0].detach().isnan()};
  });
}

// Of a loss with several elements torch has no gradient: the loop gets torch's own error, and goes on.
TEST(Program, WhoseLossIsNoScalarGetsTorchsOwnError) {
  torch::manual_seed(13);
  auto network = small_network();
  torch::optim::SGD optimizer(network->parameters(), 0.1);
  Watch watch(network->named_parameters(), optimizer, every_step());
  const Rows rows = batch(0);
  EXPECT_THAT([&] { watch.backward(network->forward(rows.x)); },
              testing::ThrowsMessage<c10::Error>(HasSubstr("implicitly created only for scalar outputs")));
  const at::Tensor of_one_element = loss_of(network, rows).reshape({1});
  optimizer.zero_grad();
  watch.backward(of_one_element);
  watch.step();
  EXPECT_EQ(watch.steps(), 1);
  EXPECT_NEAR(last(watch, Quantity::loss), of_one_element.item<double>(), 1e-14);
}

// --------------------------------------------------------------------------------------------- rates, and zero_grad

TEST(Program, ThatChangesItsRateIsRecordedAtTheRateOfEachStep) {
  torch::manual_seed(14);
  auto network = small_network();
  torch::optim::SGD optimizer(network->parameters(), 0.08);
  torch::optim::StepLR schedule(optimizer, /*step_size=*/2, /*gamma=*/0.5);
  Watch watch(network->named_parameters(), optimizer, every_step());
  std::vector<double> rates;
  for (int k = 0; k < 6; ++k) {
    optimizer.zero_grad();
    watch.backward(loss_of(network, batch(k)));
    rates.push_back(optimizer.param_groups()[0].options().get_lr());
    watch.step();
    schedule.step();
  }
  const auto recorded = values(watch, Quantity::learning_rate), limits = values(watch, Quantity::stability_limit);
  ASSERT_EQ(recorded.size(), rates.size());
  ASSERT_EQ(limits.size(), rates.size());
  EXPECT_NE(rates[4], rates[0]);
  for (std::size_t k = 0; k < rates.size(); ++k) {
    EXPECT_DOUBLE_EQ(recorded[k], rates[k]);
    EXPECT_NEAR(limits[k], 2.0 / rates[k], 1e-9);
  }
}

TEST(Program, MayZeroItsGradientsInEitherWay) {
  for (const bool to_none : {true, false}) {
    expect_same_bits([to_none](bool watched) {
      torch::manual_seed(15);
      auto network = small_network();
      torch::optim::SGD optimizer(network->parameters(), 0.1);
      std::optional<Watch> watch;
      if (watched) watch.emplace(network->named_parameters(), optimizer, every_step());
      const Calls calls{watched ? &*watch : nullptr, &optimizer};
      for (int k = 0; k < kSteps; ++k) {
        calls.backward(loss_of(network, batch(k)));
        const double whole = squared_norm(gradients(network->parameters()));
        calls.step();
        optimizer.zero_grad(to_none);  // at the end, as some have it
        if (watched) EXPECT_NEAR(last(*watch, Quantity::gradient_sq), whole, 1e-12 * whole);
      }
      return left_behind(network->parameters());
    });
  }
}

}  // namespace
}  // namespace thalweg
