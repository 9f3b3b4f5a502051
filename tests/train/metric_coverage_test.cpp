// 95% intervals of metrics hold the truth about 95% of the time.
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "tests/train/measure.h"
#include "tests/train/parts.h"

namespace thalweg {
namespace {

using recipe::LossKind;
using recipe::MetricKind;
using recipe::TargetKind;
using testing::Case;
using testing::classes;
using testing::measure;
using testing::real;

struct Simulation {
  const char* name;
  Case measured;
  double truth;
  std::function<std::pair<at::Tensor, at::Tensor>(at::Generator)> draw;  // outputs, targets
};

at::Tensor normal(at::IntArrayRef shape, at::Generator& generator) { return at::randn(shape, generator, at::kDouble); }

std::vector<Simulation> simulations() {
  constexpr std::int64_t kRows = 150;
  const double root2 = std::numbers::sqrt2;
  const recipe::Loss logits{.kind = LossKind::bce_logits}, mse{.kind = LossKind::mse};
  const auto shifted = [](at::Generator g) {  // classes 0 and 1 as N(0, 1) and N(1, 1), the threshold between them
    const at::Tensor targets = at::randint(2, {kRows}, g, at::kLong);
    return std::pair(normal({kRows, 1}, g) + targets.unsqueeze(1) - 0.5, targets);
  };
  const auto noisy = [](at::Generator g) {  // t = z + noise of a half
    const at::Tensor outputs = normal({kRows, 1}, g);
    return std::pair(outputs, outputs + normal({kRows, 1}, g) * 0.5);
  };
  const auto clusters = [](at::Generator g) {  // each row has its own chance of a right entry, uniform in (0, 1)
    const at::Tensor chance = at::rand({kRows, 1}, g, at::kDouble);
    const at::Tensor right = at::rand({kRows, 20}, g, at::kDouble) < chance;
    return std::pair(at::stack({right.to(at::kDouble), 1.0 - right.to(at::kDouble)}, 2),
                     at::zeros({kRows, 20}, at::kLong));
  };
  const double phi = 0.5 * std::erfc(-0.5 / root2);  // Φ(½): a right decision; F1 is the same, since all is symmetric
  return {
      {"accuracy", {.loss = logits, .data = classes(2)}, phi, shifted},
      {"f1", {.metric = MetricKind::f1, .loss = logits, .data = classes(2)}, phi, shifted},
      {"auc", {.metric = MetricKind::auc, .loss = logits, .data = classes(2)}, 0.5 * std::erfc(-0.5), shifted},
      {"rmse", {.metric = MetricKind::rmse, .loss = mse, .data = real()}, 0.5, noisy},
      {"mae", {.metric = MetricKind::mae, .loss = mse, .data = real()}, 0.5 * std::sqrt(2.0 / std::numbers::pi), noisy},
      {"r2", {.metric = MetricKind::r2, .loss = mse, .data = real()}, 1.0 - 0.25 / 1.25, noisy},
      {"sequences", {.data = classes(2, TargetKind::sequence)}, 0.5, clusters},
  };
}

class Coverage : public ::testing::TestWithParam<Simulation> {};
INSTANTIATE_TEST_SUITE_P(Intervals, Coverage, ::testing::ValuesIn(simulations()),
                         [](const auto& info) { return info.param.name; });

// 1000 draws: at a true coverage of 0.95 the share has the standard error 0.007; the intervals are good to first order
// in 1/rows.
TEST_P(Coverage, IsNinetyFivePercent) {
  constexpr int kDraws = 1000;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(42);
  int held = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto [outputs, targets] = GetParam().draw(generator);
    const Interval interval = measure(GetParam().measured, outputs, targets);
    held += interval.low <= GetParam().truth && GetParam().truth <= interval.high;
  }
  RecordProperty("held", held);
  EXPECT_NEAR(held / static_cast<double>(kDraws), 0.95, 0.025);
}

}  // namespace
}  // namespace thalweg
