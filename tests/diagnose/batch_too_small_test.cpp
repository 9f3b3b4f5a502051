#include "thalweg/diagnose/batch_too_small.h"

#include <gmock/gmock.h>

#include <cmath>

#include "scripted_run.h"
#include "thalweg/diagnose/local_minimum.h"

namespace thalweg {
namespace {

// Losses that hover above what a smaller step would reach, with a look at the point at the end.
struct Hovers {
  double variance = 1.0, signal = 0.01, signal_error = 0.002;
  double gain = 0.3;
  bool falls = false, noise_measured = true;
  double early = kNaN;  // gain of a look at step 100

  History history() const {
    ScriptedRun out;
    out.before(Quantity::initial_loss, 2.3).before(Quantity::constant_loss, 2.3);
    out.each(600, Quantity::loss, [&](std::int64_t t) {
      const auto time = static_cast<double>(t);
      return falls ? 2.0 * std::exp(-time / 300.0) : 1.5 + 0.05 * std::sin(1.7 * time);
    });
    const auto put = [&](std::int64_t step, Quantity quantity, double value, double error) {
      out.history.put({.step = step, .value = value, .error = static_cast<float>(error), .quantity = quantity});
    };
    for (std::int64_t step = 50; noise_measured && step < 600; step += 50) {
      put(step, Quantity::gradient_variance, variance, 0.1);
      put(step, Quantity::gradient_signal, signal, signal_error);
    }
    put(600, Quantity::gradient_norm, 0.1, 0.01);
    put(600, Quantity::live_weights, 1.0, 0.0);
    put(600, Quantity::lambda_min, -0.001, 0.01);
    if (early == early) put(100, Quantity::descent_gain, early, 0.02);
    put(600, Quantity::descent_gain, gain, 0.02);
    put(600, Quantity::neighbour_loss, 0.8, kNaN);
    return out.history;
  }
};

TEST(BatchTooSmall, IsHoveringInNoiseAboveASlope) {
  const Judgement judgement = judge_batch_too_small(Hovers{}.history());
  ASSERT_EQ(judgement.verdict, Verdict::fault) << judgement.reason;
  EXPECT_DOUBLE_EQ(judgement.findings.at(0).evidence.at(0).value, 100.0);
  EXPECT_THAT(judgement.findings[0].message, testing::HasSubstr("batch.accumulate"));
  EXPECT_TRUE(judge_local_minimum(Hovers{}.history()).findings.empty()) << "the two do not contradict each other";
}

TEST(BatchTooSmall, AMinimumIsNot) {
  EXPECT_EQ(judge_batch_too_small(Hovers{.gain = 0.01}.history()).verdict, Verdict::healthy);
}

// A run that walks about in its noise is now higher, now lower: the looks since it stands count together.
TEST(BatchTooSmall, IsJudgedByTheMeanOfTheLooks) {
  const auto with = [](std::int64_t step, double gain) {
    History history = Hovers{.gain = 0.01}.history();
    history.put({.step = step, .value = gain, .error = 0.02F, .quantity = Quantity::descent_gain});
    return judge_batch_too_small(history);
  };
  // (0.3 + 0.01 − √2 · 0.02) / 2, against 2.3 / 50.
  const Judgement judgement = with(601, 0.3);
  EXPECT_NEAR(judgement.findings.at(0).evidence.at(1).value, 0.140858, 1e-6);
  EXPECT_EQ(with(601, 0.09).verdict, Verdict::healthy);
}

TEST(BatchTooSmall, ALookFromBeforeItStoodDoesNotCount) {
  History history = Hovers{.gain = 0.01, .early = 0.9}.history();
  EXPECT_EQ(judge_batch_too_small(history).verdict, Verdict::healthy);
}

TEST(BatchTooSmall, AGradientThatIsHeardIsNot) {
  EXPECT_EQ(judge_batch_too_small(Hovers{.signal = 0.5}.history()).verdict, Verdict::healthy);
}

// A signal within its bar of nothing may be as large as its bar: no more noise is claimed than that.
TEST(BatchTooSmall, ASignalThatIsNotResolvedIsTakenAtItsBar) {
  const Judgement judgement = judge_batch_too_small(Hovers{.signal = -0.001, .signal_error = 0.05}.history());
  EXPECT_NEAR(judgement.findings.at(0).evidence.at(0).value, 20.0, 1e-5);
  EXPECT_EQ(judge_batch_too_small(Hovers{.signal = -0.001, .signal_error = 0.5}.history()).verdict, Verdict::healthy);
}

TEST(BatchTooSmall, ARunThatFallsIsNot) {
  EXPECT_TRUE(judge_batch_too_small(Hovers{.falls = true}.history()).findings.empty());
}

TEST(BatchTooSmall, WithoutTheNoiseCannotTell) {
  EXPECT_EQ(judge_batch_too_small(Hovers{.noise_measured = false}.history()).verdict, Verdict::cannot_tell);
}

}  // namespace
}  // namespace thalweg
