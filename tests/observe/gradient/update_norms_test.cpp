#include "thalweg/observe/gradient/update_norms.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/observe/collect.h"

namespace thalweg {
namespace {

TEST(UpdateNorms, AreThoseOfEachParameterAndOfTheWhole) {
  const std::vector<at::Tensor> before{at::tensor({3.0F, 3.0F}), at::tensor({1.0, 1.0}, at::kDouble)};
  const std::vector<Scope> scopes{5, 6};
  const Step step{.index = 2,
                  .scopes = scopes,
                  .parameters = {at::tensor({3.0F, 4.0F}), at::tensor({1.0, 3.0}, at::kDouble)},
                  .before = before};
  Collect said;
  UpdateNorms().after_update(step, said);
  EXPECT_EQ(said.only(Quantity::weight_sq, 5).value, 25.0);
  EXPECT_EQ(said.only(Quantity::update_sq, 5).value, 1.0);
  EXPECT_NEAR(said.only(Quantity::weight_sq, 6).value, 10.0, 1e-12);
  EXPECT_NEAR(said.only(Quantity::update_sq, 6).value, 4.0, 1e-12);
  EXPECT_NEAR(said.only(Quantity::weight_sq).value, 35.0, 1e-12);
  EXPECT_NEAR(said.only(Quantity::update_sq).value, 5.0, 1e-12);
  EXPECT_EQ(said.readings.size(), 6U);
}

}  // namespace
}  // namespace thalweg
