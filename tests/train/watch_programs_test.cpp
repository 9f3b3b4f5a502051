// Training loops as people write them, on Watch: the bits stay those of the plain loop, and what is recorded is said
// here, program by program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "thalweg/train/watch.h"

namespace thalweg {
namespace {

using testing::Contains;
using testing::HasSubstr;
using Tensors = std::vector<at::Tensor>;

constexpr int kSteps = 12;

torch::nn::Sequential small_network(int in = 6, int out = 3) {
  torch::nn::Sequential network(torch::nn::Linear(in, 10), torch::nn::Tanh(), torch::nn::Linear(10, out));
  network->to(torch::kDouble);
  return network;
}

struct Rows {
  at::Tensor x, y;
};

Rows batch(int number, std::int64_t rows = 8) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(100 + number);
  const at::Tensor x = at::randn({rows, 6}, generator, at::kDouble);
  return {x, x.abs().narrow(1, 0, 3).argmax(1)};
}

at::Tensor loss_of(torch::nn::Sequential& network, const Rows& rows) {
  return torch::cross_entropy_loss(network->forward(rows.x), rows.y);
}

double squared_norm(const Tensors& tensors) {
  double sum = 0.0;
  for (const at::Tensor& t : tensors) {
    if (t.defined()) sum += t.detach().square().sum().item<double>();
  }
  return sum;
}

Tensors gradients(const Tensors& parameters) {
  Tensors result;
  for (const at::Tensor& p : parameters) result.push_back(p.grad().defined() ? p.grad().clone() : at::Tensor());
  return result;
}

// Every instrument on each step; with none of it where the program runs plainly.
WatchOptions every_step() {
  return {.cadence = 1, .instruments = {"all"}, .warn = [](const std::string&) {}};
}

// A program's calls, with a watch or without.
struct Calls {
  Watch* watch = nullptr;
  torch::optim::Optimizer* optimizer = nullptr;
  void backward(const at::Tensor& loss, const Watch::Closure& closure = {}) const {
    watch != nullptr ? watch->backward(loss, closure) : loss.backward();
  }
  void step() const { watch != nullptr ? watch->step() : static_cast<void>(optimizer->step()); }
  at::Tensor step(const Watch::Closure& closure) const {
    return watch != nullptr ? watch->step(closure) : optimizer->step(closure);
  }
};

// The whole program: makes its network and optimizer from a fixed seed, trains, and gives all that it leaves behind.
template <class Program>
void expect_same_bits(const Program& program) {
  const Tensors plain = program(false), watched = program(true);
  ASSERT_EQ(plain.size(), watched.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    ASSERT_EQ(plain[i].defined(), watched[i].defined()) << i;
    if (plain[i].defined()) {
      const at::Tensor a = plain[i].contiguous(), b = watched[i].contiguous();
      ASSERT_EQ(std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()), 0) << "tensor " << i;
    }
  }
}

Tensors left_behind(const Tensors& parameters) {
  Tensors all = gradients(parameters);
  for (const at::Tensor& p : parameters) all.push_back(p.detach().clone());
  all.push_back(at::globalContext().defaultGenerator(at::kCPU).get_state());
  return all;
}

std::vector<double> values(const Watch& watch, Quantity quantity, Scope scope = kWholeModel) {
  std::vector<double> result;
  for (const Point& point : watch.history().series(quantity, scope)) result.push_back(point.value);
  return result;
}

double last(const Watch& watch, Quantity quantity) {
  const auto all = values(watch, quantity);
  return all.empty() ? std::nan("") : all.back();
}

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
