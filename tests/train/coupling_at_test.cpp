// y = x w₁ w₂ w₃, seen as a survey sees it.
#include "thalweg/train/coupling_at.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace thalweg {
namespace {

struct Chain {
  std::vector<at::Tensor> w;
  SurveyProblem problem;
  Chain() {
    for (const double value : {0.9, -1.3, 1.1}) {
      w.push_back(at::tensor({value}, at::kDouble).requires_grad_(true));
      problem.parameters.emplace_back("linear" + std::to_string(w.size()) + ".weight", w.back());
    }
    problem.batches.push_back({[this] { return (0.7 * w[0] * w[1] * w[2]).sum(); }, 1.0});
    problem.update = at::tensor({0.02, 0.05, -0.03}, at::kDouble);
  }
};

TEST(CouplingAt, IsThatOfTheNextStep) {
  Chain chain;
  const Coupling c = coupling_at(chain.problem);
  ASSERT_EQ(c.size(), 3U);
  EXPECT_NEAR(c.at(0, 1), 0.7 * 0.02 * 0.05 * 1.1, 1e-14);
  EXPECT_NEAR(c.at(2, 2), 0.0, 1e-14);
  EXPECT_NEAR(c.change, 0.7 * (0.92 * -1.25 * 1.07 - 0.9 * -1.3 * 1.1), 1e-12);
  EXPECT_NEAR(c.layers[1].alone, 0.7 * 0.9 * 0.05 * 1.1, 1e-12);
  EXPECT_NEAR(c.beyond_second(), 0.7 * 0.02 * 0.05 * -0.03, 1e-12);
}

TEST(CouplingAt, PutsTheWeightsBack) {
  Chain chain;
  coupling_at(chain.problem);
  EXPECT_EQ(chain.w[0].item<double>(), 0.9);
  EXPECT_EQ(chain.w[2].item<double>(), 1.1);
  EXPECT_FALSE(chain.w[0].grad().defined());
}

TEST(CouplingAt, WithoutAStepThereIsNone) {
  Chain chain;
  chain.problem.update = at::Tensor();
  EXPECT_THROW(coupling_at(chain.problem), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
