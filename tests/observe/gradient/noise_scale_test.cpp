#include "thalweg/observe/gradient/noise_scale.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/observe/collect.h"

namespace thalweg {
namespace {

// Gradients of rows are Gaussian around G with a standard deviation of σ in each of p entries: tr Σ = p σ².
struct Noisy {
  std::int64_t entries = 200;
  double signal = 1.0;  // ‖G‖
  double sigma = 0.5;
  double scale = 1.0;
  std::uint64_t seed = 1;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);

  double trace() const { return static_cast<double>(entries) * sigma * sigma; }
  at::Tensor batch(std::int64_t rows) {
    const at::Tensor noise =
        at::randn({entries}, generator, at::kDouble) * (sigma / std::sqrt(static_cast<double>(rows)));
    return scale * (noise + signal / std::sqrt(static_cast<double>(entries)));
  }
};

// Steps of four micro-batches of eight rows each, their losses divided by four.
Collect accumulated(Noisy& noisy, int steps, std::int64_t rows = 32) {
  NoiseScale instrument;
  Collect said;
  for (int i = 0; i < steps; ++i) {
    said.readings.clear();
    std::vector<at::Tensor> gradient{at::zeros({noisy.entries}, at::kDouble)};
    Step step{.index = i, .rows = rows};
    step.gradient = [&]() -> const std::vector<at::Tensor>& { return gradient; };
    for (step.backwards = 1; step.backwards <= 4; ++step.backwards) {
      gradient = {gradient[0] + noisy.batch(8) / 4.0};
      instrument.after_backward(step, said);
    }
    step.backwards = 4;
    instrument.after_update(step, said);
  }
  return said;
}

Collect paired(Noisy& noisy, int steps) {
  NoisePairs instrument;
  Collect said;
  const at::Tensor w = at::zeros({noisy.entries}, at::kDouble);
  for (int i = 0; i < 2 * steps; ++i) {
    if (i % 2 == 1) said.readings.clear();
    const std::vector<at::Tensor> gradient{noisy.batch(32)};
    Step step{.index = i, .rows = 32, .parameters = {w + i}};
    step.gradient = [&]() -> const std::vector<at::Tensor>& { return gradient; };
    step.gradient_at = [&](const std::vector<at::Tensor>& weights) {
      EXPECT_TRUE(weights[0].equal(w + (i - 1))) << "at the weights of the step before";
      return std::vector<at::Tensor>{noisy.batch(32)};
    };
    instrument.after_backward(step, said);
  }
  return said;
}

using Way = Collect (*)(Noisy&, int);
const Way kWays[] = {[](Noisy& noisy, int steps) { return accumulated(noisy, steps); }, paired};

TEST(NoiseScale, IsTheTraceOfTheRowsCovarianceOverTheSquaredGradient) {
  for (const Way way : kWays) {
    Noisy noisy;  // B = 50
    const Collect said = way(noisy, 32);
    const Reading& b = said.only(Quantity::noise_scale);
    EXPECT_NEAR(b.value, noisy.trace(), 15.0);
    EXPECT_LT(b.error, 20.0F);
    EXPECT_NEAR(said.only(Quantity::gradient_signal).value, 1.0, 0.3);
    EXPECT_NEAR(said.only(Quantity::gradient_variance).value, noisy.trace() / 32.0, 0.2);
  }
}

TEST(NoiseScale, IntervalHoldsTheTruthInMostRuns) {
  for (const Way way : kWays) {
    int within = 0;
    constexpr int kRuns = 100;
    for (int run = 0; run < kRuns; ++run) {
      Noisy noisy{.seed = static_cast<std::uint64_t>(run)};
      const Reading b = way(noisy, 16).only(Quantity::noise_scale);
      within += std::abs(b.value - noisy.trace()) <= static_cast<double>(b.error) ? 1 : 0;
    }
    EXPECT_GE(within, kRuns * 9 / 10);
  }
}

TEST(NoiseScale, IsNotSaidWhereTheGradientIsNotToldFromItsNoise) {
  for (const Way way : kWays) {
    Noisy noisy{.signal = 0.0};
    const Collect said = way(noisy, 32);
    for (const Reading& reading : said.readings) EXPECT_NE(reading.quantity, Quantity::noise_scale);
    const Reading& signal = said.only(Quantity::gradient_signal);
    EXPECT_LE(std::abs(signal.value), 2.0 * static_cast<double>(signal.error));
    EXPECT_NEAR(said.only(Quantity::gradient_variance).value, noisy.trace() / 32.0, 0.2);
  }
}

TEST(NoiseScale, DoesNotDependOnTheScaleOfTheLoss) {
  for (const Way way : kWays) {
    for (const double scale : {1e-12, 1e12}) {
      Noisy one, other{.scale = scale};
      const double expected = way(one, 8).only(Quantity::noise_scale).value;
      EXPECT_NEAR(way(other, 8).only(Quantity::noise_scale).value, expected, 1e-6 * expected);
    }
  }
}

TEST(NoiseScale, IsInBatchesWhereRowsAreNotKnown) {
  Noisy noisy, same;
  const double rows = accumulated(noisy, 8).only(Quantity::noise_scale).value;
  EXPECT_NEAR(accumulated(same, 8, 0).only(Quantity::noise_scale).value, rows / 32.0, 1e-9 * rows);
}

TEST(NoiseScale, OfOneBackwardAStepIsSilent) {
  NoiseScale instrument;
  Collect said;
  const std::vector<at::Tensor> gradient{at::ones({3})};
  Step step{.rows = 4};
  step.gradient = [&]() -> const std::vector<at::Tensor>& { return gradient; };
  for (step.index = 0; step.index < 10; ++step.index) {
    instrument.after_backward(step, said);
    instrument.after_update(step, said);
  }
  EXPECT_TRUE(said.readings.empty());
}

// Due on the second backward only, as when a loop changes its accumulation.
TEST(NoiseScale, OfHalfAStepIsSilent) {
  NoiseScale instrument;
  Collect said;
  const std::vector<at::Tensor> gradient{at::ones({3})};
  Step step{.rows = 4, .backwards = 2};
  step.gradient = [&]() -> const std::vector<at::Tensor>& { return gradient; };
  instrument.after_backward(step, said);
  instrument.after_update(step, said);
  EXPECT_TRUE(said.readings.empty());
}

TEST(NoiseScale, LeavesAGradientThatIsNotFiniteOut) {
  Noisy noisy;
  noisy.scale = std::nan("");
  EXPECT_TRUE(accumulated(noisy, 8).readings.empty());
}

}  // namespace
}  // namespace thalweg
