// Surveys of landscapes whose answer is known.
#include "thalweg/survey/survey.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "test_paths.h"
#include "tests/survey/problems.h"

namespace thalweg {
namespace {

using testing::at_point;
using ::testing::HasSubstr;
using testing::p4;
using testing::quadratic;
using testing::small_network;
using ::testing::UnorderedElementsAre;

std::string reasons(const Survey& s) {
  std::string all;
  for (const std::string& reason : s.reasons) all += reason + "\n";
  return all + s.would_take;
}

nlohmann::json reference(const std::string& problem) {
  std::ifstream file(std::string(test_paths::kSource) + "/tests/problems/curvature/reference.json");
  return nlohmann::json::parse(file).at(problem);
}

TEST(Survey, AQuadraticHasTheSpectrumItWasMadeWith) {
  const Survey s = survey(quadratic({5.0, 3.0, 1.0, 0.5, 0.1, -0.2, -2.0}), {.top = 2, .bottom = 2});
  ASSERT_EQ(s.top.size(), 2U);
  EXPECT_NEAR(s.top[0].value, 5.0, 1e-9);
  EXPECT_NEAR(s.top[1].value, 3.0, 1e-9);
  EXPECT_NEAR(s.bottom[0].value, -2.0, 1e-9);
  EXPECT_NEAR(s.bottom[1].value, -0.2, 1e-9);
  EXPECT_TRUE(s.top[0].converged && s.bottom[1].converged);
  EXPECT_EQ(s.loss, 1.0);
  EXPECT_EQ(s.gradient.norm, 0.0);
  EXPECT_EQ(s.verdict, SurveyVerdict::saddle) << reasons(s);
}

TEST(Survey, AConvexQuadraticIsAtItsMinimumWithItsConditionNumber) {
  const Survey s = survey(quadratic({8.0, 4.0, 2.0, 1.0}));
  EXPECT_EQ(s.verdict, SurveyVerdict::minimum) << reasons(s);
  EXPECT_NEAR(s.condition.value, 8.0, 1e-6);
  EXPECT_LE(s.condition.low, 8.0);
  EXPECT_GE(s.condition.high, 8.0 - 1e-9);
}

// x² − y²: down along y, both ways alike, without end.
TEST(Survey, TheSaddleXXMinusYYIsLeftAlongY) {
  const Survey s =
      survey(at_point(at::zeros({2}, at::kDouble), [](const at::Tensor& t) { return t[0] * t[0] - t[1] * t[1]; }));
  EXPECT_EQ(s.verdict, SurveyVerdict::saddle) << reasons(s);
  EXPECT_NEAR(s.top[0].value, 2.0, 1e-12);
  EXPECT_NEAR(s.bottom[0].value, -2.0, 1e-12);
  ASSERT_TRUE(s.escape);
  EXPECT_NEAR(s.escape->gain, s.escape->length * s.escape->length, 1e-9 * s.escape->gain);
  EXPECT_TRUE(s.escape->still_falling);
}

// x³ − 3xy²: the Hessian vanishes at the origin, and the loss falls in three directions.
TEST(Survey, TheMonkeySaddleCannotBeToldBySecondDerivatives) {
  const Survey s = survey(at_point(at::zeros({2}, at::kDouble),
                                   [](const at::Tensor& t) { return t[0] * t[0] * t[0] - 3.0 * t[0] * t[1] * t[1]; }));
  EXPECT_EQ(s.verdict, SurveyVerdict::cannot_tell);
  EXPECT_THAT(reasons(s), HasSubstr("Hessian vanishes"));
  EXPECT_FALSE(s.would_take.empty());
}

// x² + y³: curvature 2 and 0, no minimum all the same.
TEST(Survey, AFlatDirectionThatFallsAtThirdOrderIsNoMinimum) {
  const Survey s = survey(at_point(at::zeros({2}, at::kDouble),
                                   [](const at::Tensor& t) { return 1.0 + t[0] * t[0] + t[1] * t[1] * t[1]; }));
  EXPECT_EQ(s.verdict, SurveyVerdict::cannot_tell);
  EXPECT_THAT(reasons(s), HasSubstr("higher derivatives"));
}

// ½ (w₂w₁ − 1)² at the origin: H = [[0, −1], [−1, 0]]; with three factors it vanishes (Saxe, McClelland, Ganguli 2014).
TEST(Survey, ADeepLinearChainAtZeroIsASaddleWithTwoLayersAndFlatWithThree) {
  const auto chain = [](const at::Tensor& t) { return 0.5 * (t.prod() - 1.0).square(); };
  const Survey two = survey(at_point(at::zeros({2}, at::kDouble), chain));
  EXPECT_EQ(two.verdict, SurveyVerdict::saddle) << reasons(two);
  EXPECT_NEAR(two.bottom[0].value, -1.0, 1e-12);
  EXPECT_NEAR(two.escape->gain, 0.5, 1e-3) << "the way down leads to w₁ = w₂ = ±1, where the loss is 0";
  EXPECT_EQ(survey(at_point(at::zeros({3}, at::kDouble), chain)).verdict, SurveyVerdict::cannot_tell);
}

TEST(Survey, P4IsASaddleWithTheReferencesSpectrum) {
  const nlohmann::json known = reference("P4");
  const Survey s = survey(p4(), {.top = 3, .bottom = 2});
  EXPECT_EQ(s.verdict, SurveyVerdict::saddle) << reasons(s);
  EXPECT_NEAR(s.loss, known["loss"].get<double>(), 1e-6);
  for (std::size_t i = 0; i < 3; ++i) {
    const double truth = known["top5"][i];
    EXPECT_NEAR(s.top[i].value, truth, 1e-3 * truth);
    EXPECT_LE(s.top[i].low, truth);
    EXPECT_GE(s.top[i].high, truth);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const double truth = known["bottom3"][i];
    EXPECT_LE(s.bottom[i].low, truth);
    EXPECT_GE(s.bottom[i].high, truth);
  }
  EXPECT_GT(s.escape->gain, s.escape->resolution);
}

class ScaledLoss : public ::testing::TestWithParam<double> {};

TEST_P(ScaledLoss, HasTheSameVerdictAndScaledEigenvalues) {
  const double scale = GetParam();
  const Survey one = survey(p4()), scaled = survey(p4(scale));
  EXPECT_EQ(scaled.verdict, SurveyVerdict::saddle) << reasons(scaled);
  EXPECT_NEAR(scaled.top[0].value / scale, one.top[0].value, 1e-3 * one.top[0].value);
  EXPECT_NEAR(scaled.escape->gain / scale, one.escape->gain, 0.1 * one.escape->gain);
}
INSTANTIATE_TEST_SUITE_P(Loss, ScaledLoss, ::testing::Values(1e-12, 1e12));

// L = ½ Σ λᵢ θᵢ²: g = λθ, g'Hg = Σ λᵢ³ θᵢ².
TEST(Survey, CurvatureAlongTheGradientIsTheClosedForm) {
  for (const double scale : {1e-12, 1.0, 1e12}) {
    const at::Tensor lambda = at::tensor({3.0F, -1.0F, 0.5F}), theta = at::tensor({1.0F, 2.0F, -1.0F});
    const Survey s =
        survey(at_point(theta, [=](const at::Tensor& t) { return (lambda * t * t).sum() * (0.5 * scale); }));
    EXPECT_NEAR(s.gHg / std::pow(scale, 3), 27.0 - 4.0 + 0.125, 1e-4);
    EXPECT_NEAR(s.gradient.norm / scale, std::sqrt(9.0 + 4.0 + 0.25), 1e-5);
    EXPECT_EQ(s.verdict, SurveyVerdict::not_critical) << reasons(s);
  }
}

TEST(Survey, InTheMiddleOfTrainingThereIsASlope) {
  const Survey s = survey(small_network());
  EXPECT_EQ(s.verdict, SurveyVerdict::not_critical) << reasons(s);
  EXPECT_THAT(reasons(s), HasSubstr("there is a slope"));
}

TEST(Survey, AConstantLossHasNoLandscape) {
  const Survey s = survey(at_point(at::ones({3}), [](const at::Tensor& t) { return (0.0 * t).sum() + 2.0; }));
  EXPECT_EQ(s.verdict, SurveyVerdict::cannot_tell) << reasons(s);
}

TEST(Survey, OneParameterIsEnough) {
  const Survey s = survey(at_point(at::zeros({1}), [](const at::Tensor& t) { return (t * t).sum() + 1.0; }));
  EXPECT_EQ(s.verdict, SurveyVerdict::minimum) << reasons(s);
  EXPECT_FLOAT_EQ(static_cast<float>(s.top[0].value), 2.0F);
}

TEST(Survey, NamesTheWeightsThatAreNotFinite) {
  SurveyProblem problem = small_network();
  {
    const at::NoGradGuard no_grad;
    at::Tensor weight = problem.parameters[2].second;
    weight[0][0] = std::nan("");
  }
  const Survey s = survey(problem);
  EXPECT_EQ(s.verdict, SurveyVerdict::cannot_tell);
  EXPECT_THAT(s.not_finite, UnorderedElementsAre("second.weight"));
}

TEST(Survey, NamesTheLayersWhoseGradientIsNotFinite) {
  // √x has an infinite slope at 0, and only the second parameter goes through it.
  const at::Tensor a = at::ones({2}).requires_grad_(true), b = at::zeros({2}).requires_grad_(true);
  SurveyProblem problem{.parameters = {{"good.weight", a}, {"bad.weight", b}},
                        .batches = {{[=] { return a.sum() + b.sqrt().sum(); }}}};
  const Survey s = survey(problem);
  EXPECT_EQ(s.verdict, SurveyVerdict::cannot_tell);
  EXPECT_THAT(s.not_finite, UnorderedElementsAre("the gradient of bad"));
}

TEST(Survey, LeavesWeightsGradientsAndRandomStreamAlone) {
  SurveyProblem problem = small_network();
  problem.update = at::ones({58});
  std::vector<at::Tensor> before;
  for (const auto& [name, tensor] : problem.parameters) before.push_back(tensor.detach().clone());
  at::manual_seed(5);
  const at::Tensor expected = at::rand({4});
  at::manual_seed(5);
  survey(problem, {.layers = true, .density = true, .slices = true});
  EXPECT_TRUE(at::equal(at::rand({4}), expected)) << "the global random stream";
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(at::equal(problem.parameters[i].second, before[i]));
    EXPECT_FALSE(problem.parameters[i].second.grad().defined());
  }
}

TEST(Survey, PutsTheWeightsBackWhenALossThrows) {
  SurveyProblem problem = small_network();
  const at::Tensor weight = problem.parameters[0].second;
  const at::Tensor before = weight.detach().clone();
  const auto loss = problem.batches[0].loss;
  problem.batches[0].loss = [=] {
    if (!at::equal(weight, before)) throw std::runtime_error("moved");
    return loss();
  };
  EXPECT_THROW(survey(problem), std::runtime_error);
  EXPECT_TRUE(at::equal(weight, before));
}

TEST(Survey, SaysTheMemoryItWillTakeBeforeTheFirstProduct) {
  std::vector<std::string> events;
  survey(small_network(), {.progress = [&](const SurveyProgress& p) { events.emplace_back(p.stage); },
                           .planned =
                               [&](const Survey::Memory& m) {
                                 EXPECT_GT(m.vector_bytes, 0);
                                 EXPECT_EQ(m.graphs, 1);
                                 events.emplace_back("memory");
                               }});
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front(), "memory");
}

TEST(Survey, RefusesWhatCannotBe) {
  EXPECT_THROW(survey({}), std::invalid_argument);
  SurveyProblem problem = small_network();
  EXPECT_THROW(survey(problem, {.top = 0}), std::invalid_argument);
  problem.preconditioner = at::ones({3});
  EXPECT_THROW(survey(problem), std::invalid_argument);
  problem.preconditioner = at::Tensor();
  problem.batches.clear();
  EXPECT_THROW(survey(problem), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
