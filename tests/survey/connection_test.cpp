// The way between two networks, on landscapes whose barriers are known in closed form, and what is said of it.
#include "thalweg/survey/connection.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace thalweg {
namespace {

using ::testing::HasSubstr;

// One weight from −1 to 1, no symmetry; the loss of batch k is `loss(w) + k · slope · w`.
ConnectionProblem along_a_line(const std::function<double(double)>& loss, double slope = 0.0, double noise = 0.0) {
  ConnectionProblem problem;
  problem.subject_a = "a";
  problem.subject_b = "b";
  problem.parameters_a = {{"w", at::tensor({-1.0}, at::kDouble)}};
  problem.parameters_b = {{"w", at::tensor({1.0}, at::kDouble)}};
  problem.constant_loss = 10.0;
  problem.parts.push_back({.name = "train", .rows = 400, .evaluate = [=](const NamedParameters& weights) {
                             const double w = weights[0].second[0].item<double>();
                             PartLosses losses;
                             for (int k = 0; k < 4; ++k) {
                               const double bump = noise * (k - 1.5) * (1.0 - w * w);
                               losses.batches.push_back(loss(w) + k * slope * w + bump);
                             }
                             return losses;
                           }});
  return problem;
}

const Connection::Part& part(const Connection& c, std::size_t path = 0) { return c.paths.at(path).parts.front(); }

TEST(Connection, TheBarrierOfAParabolaIsItsHeightAboveTheChord) {
  const Connection c = connect(along_a_line([](double w) { return 1.0 - w * w; }), {.points = 5});
  EXPECT_THAT(c.at, ::testing::ElementsAre(0.0, 0.25, 0.5, 0.75, 1.0));
  EXPECT_DOUBLE_EQ(part(c).barrier.value, 1.0);
  EXPECT_DOUBLE_EQ(part(c).barrier_at, 0.5);
  EXPECT_EQ(c.verdict, ConnectionVerdict::apart);
}

TEST(Connection, TheChordOfUnequalEndsIsTakenAway) {
  const Connection c =
      connect(along_a_line([](double w) { return 1.0 + w + 0.5 * (1.0 - w * w); }, 0.3), {.points = 11});
  EXPECT_NEAR(part(c).barrier.value, 0.5, 1e-12);
  EXPECT_NEAR(part(c).barrier.high - part(c).barrier.low, 0.0, 1e-12);  // a slope is no barrier, on no batch
}

TEST(Connection, AConvexValleyHasNone) {
  const Connection c = connect(along_a_line([](double w) { return w * w; }));
  EXPECT_EQ(part(c).barrier.value, 0.0);
  EXPECT_EQ(c.verdict, ConnectionVerdict::same);
}

TEST(Connection, TheIntervalIsThatOfTheBatches) {
  // Barriers 1 + 0.1 (k − 1.5) of 4 batches: mean 1, deviation 0.1 √(5/3), Student's t of 3 degrees 3.1824.
  const Connection c = connect(along_a_line([](double w) { return 1.0 - w * w; }, 0.0, 0.1), {.points = 3});
  EXPECT_NEAR(part(c).barrier.high - part(c).barrier.value, 3.182446 * 0.1 * std::sqrt(5.0 / 3.0) / 2.0, 1e-4);
}

TEST(Connection, BetweenTheLimitsItCannotTell) {
  // Learnt 10: the limit is 0.2.
  const auto height = [](double h) { return [h](double w) { return h * (1.0 - w * w); }; };
  EXPECT_EQ(connect(along_a_line(height(0.1), 0.0, 0.01)).verdict, ConnectionVerdict::same);
  EXPECT_EQ(connect(along_a_line(height(0.3), 0.0, 0.01)).verdict, ConnectionVerdict::apart);
  const Connection unsure = connect(along_a_line(height(0.2), 0.0, 0.1));
  EXPECT_EQ(unsure.verdict, ConnectionVerdict::cannot_tell);
  EXPECT_THAT(unsure.would_take, HasSubstr("more rows"));
}

TEST(Connection, AShareOfRightRowsIsJudgedInPoints) {
  // The loss rises by half of what was learnt; of the accuracy, `lost` is lost in the middle.
  const auto problem = [](double lost, double noise) {
    ConnectionProblem p = along_a_line([](double w) { return 5.0 * (1.0 - w * w); });
    p.metric = "accuracy";
    p.parts[0].evaluate = [=, loss = p.parts[0].evaluate](const NamedParameters& weights) {
      PartLosses result = loss(weights);
      const double w = weights[0].second[0].item<double>();
      for (int k = 0; k < 4; ++k) result.shares.push_back(0.9 + 0.05 * w - (lost + noise * (k - 1.5)) * (1.0 - w * w));
      result.metric = 0.9 + 0.05 * w - lost * (1.0 - w * w);
      return result;
    };
    return p;
  };
  const Connection near = connect(problem(0.01, 0.001));
  EXPECT_NEAR(part(near).metric_barrier.value, 0.01, 1e-12);
  EXPECT_NEAR(part(near).metric_barrier.high, 0.01 + 3.182446 * 0.001 * std::sqrt(5.0 / 3.0) / 2.0, 1e-6);
  EXPECT_EQ(near.verdict, ConnectionVerdict::same);
  EXPECT_EQ(connect(problem(0.03, 0.001)).verdict, ConnectionVerdict::apart);
  EXPECT_EQ(connect(problem(0.02, 0.01)).verdict, ConnectionVerdict::cannot_tell);
}

TEST(Connection, OfNetworksThatHaveLearntNothingItCannotTell) {
  const Connection c = connect(along_a_line([](double) { return 11.0; }));
  EXPECT_EQ(c.verdict, ConnectionVerdict::cannot_tell);
  EXPECT_THAT(c.reasons.front(), HasSubstr("no better than the best constant"));
}

TEST(Connection, WeightsThatAreNotFiniteAreNamed) {
  ConnectionProblem problem = along_a_line([](double w) { return w; });
  problem.parameters_b[0].second[0] = std::numeric_limits<double>::quiet_NaN();
  const Connection c = connect(problem);
  EXPECT_EQ(c.verdict, ConnectionVerdict::cannot_tell);
  EXPECT_THAT(c.reasons.front(), HasSubstr("w of b"));
}

TEST(Connection, ALossThatIsLostOnTheWayIsABarrier) {
  const Connection c =
      connect(along_a_line([](double w) { return std::abs(w) < 0.5 ? std::numeric_limits<double>::infinity() : 0.0; }));
  EXPECT_EQ(part(c).barrier.value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(c.verdict, ConnectionVerdict::apart);
}

TEST(Connection, StatisticsThatFailAreToldFromWeightsThatDo) {
  // The loss is high between the ends unless the buffer is what the weight says: w² (as a variance would be).
  ConnectionProblem problem;
  problem.parameters_a = {{"w", at::tensor({-1.0}, at::kDouble)}};
  problem.parameters_b = {{"w", at::tensor({1.0}, at::kDouble)}};
  problem.buffers_a = problem.buffers_b = {{"norm.running_var", at::tensor({1.0}, at::kDouble)}};
  problem.constant_loss = 10.0;
  problem.parts.push_back({.name = "train", .rows = 4, .evaluate = [](const NamedParameters& x) {
                             const double w = x[0].second.item<double>(), v = x[1].second.item<double>();
                             return PartLosses{.batches = std::vector<double>(4, std::abs(v - w * w))};
                           }});
  problem.repaired = [](const NamedParameters& x) {
    NamedParameters result = x;
    result[1].second = x[0].second.square();
    return result;
  };
  const Connection c = connect(problem);
  ASSERT_EQ(c.paths.size(), 3U);
  EXPECT_NEAR(part(c, 1).barrier.value, 1.0, 1e-12);
  EXPECT_NEAR(part(c, 2).barrier.value, 0.0, 1e-12);
  EXPECT_EQ(c.verdict, ConnectionVerdict::same);
  EXPECT_THAT(c.reasons, ::testing::Contains(HasSubstr("fails until the running statistics")));
}

TEST(Connection, RefusesWhatIsNotTwoOfOneKind) {
  ConnectionProblem problem = along_a_line([](double w) { return w; });
  problem.parameters_b[0].first = "v";
  EXPECT_THROW(connect(problem), std::invalid_argument);
  EXPECT_THROW(connect(along_a_line([](double w) { return w; }), {.points = 2}), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
