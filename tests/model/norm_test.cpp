// Batch norm on the right axis, on the wrong one, and on a batch that is too small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks.h"
#include "thalweg/record/error.h"

namespace thalweg::testing {
namespace {

// (x − mean) / √(variance + eps) over all axes but `kept`.
at::Tensor normalised(const at::Tensor& x, std::int64_t kept, double eps = 1e-5) {
  std::vector<std::int64_t> others;
  for (std::int64_t axis = 0; axis < x.dim(); ++axis) {
    if (axis != kept) others.push_back(axis);
  }
  const at::Tensor centred = x - x.mean(others, true);
  return centred / (centred.square().mean(others, true) + eps).sqrt();
}

TEST(BatchNorm, KeepsTheStatisticsOfItsAxis) {
  const at::Tensor x = Wave{.rate = 1.7}({4, 3, 5, 2});
  for (const std::int64_t axis : {0, 1, 2, 3, -1, -2, -4}) {  // 0: the rows, the foolish one
    const auto network = build_double({{.type = LayerType::batch_norm, .axis = axis}}, {.input = {3, 5, 2}});
    EXPECT_LT(distance(network->forward(x), normalised(x, axis < 0 ? axis + 4 : axis)), 1e-12) << axis;
  }
}

TEST(BatchNorm, OfRowsHasItsScalesOnTheChannelsAndNoMemory) {
  const auto network = build_double({{.type = LayerType::batch_norm, .axis = 0}}, {.input = {3, 2, 2}});
  EXPECT_EQ(parameter(*network, "batch_norm1.weight").sizes().vec(), (std::vector<std::int64_t>{3}));
  parameter(*network, "batch_norm1.weight").detach().copy_(at::tensor({1.0, 2.0, 3.0}));
  const at::Tensor x = Wave{.rate = 1.7}({4, 3, 2, 2});
  const at::Tensor expected = normalised(x, 0) * at::tensor({1.0, 2.0, 3.0}, at::kDouble).view({3, 1, 1});
  EXPECT_LT(distance(network->forward(x), expected), 1e-12);
  network->train(false);
  EXPECT_LT(distance(network->forward(x), expected), 1e-12);
  EXPECT_TRUE(network->buffers().empty());
  EXPECT_FALSE(network->random());
  EXPECT_EQ(network->fewest_rows(), 1);
}

TEST(BatchNorm, RunningStatisticsServeInEvaluation) {
  const auto network = build_double({{.type = LayerType::batch_norm, .momentum = 0.25, .eps = 0.01}}, {.input = {3}});
  const at::Tensor x = Wave{.rate = 1.7}({5, 3}), y = Wave{.rate = 0.4}({2, 3});
  network->forward(x);
  const at::Tensor mean = 0.25 * x.mean(0),
                   variance = 0.75 + 0.25 * x.var(0);  // the unbiased variance, as LibTorch keeps it
  network->train(false);
  for (const at::Tensor& rows : {y, y.narrow(0, 0, 1)}) {
    EXPECT_LT(distance(network->forward(rows), (rows - mean) / (variance + 0.01).sqrt()), 1e-12);
  }
}

TEST(BatchNorm, UntrackedUsesTheBatchInEvaluationToo) {
  const auto network = build_double({{.type = LayerType::batch_norm, .affine = false, .track = false}}, {.input = {3}});
  EXPECT_TRUE(network->parameters().empty() && network->buffers().empty());
  const at::Tensor x = Wave{.rate = 1.7}({5, 3});
  network->train(false);
  EXPECT_LT(distance(network->forward(x), normalised(x, 1)), 1e-12);
}

TEST(BatchNorm, RefusesASingleRowInTraining) {
  const auto network = build({{.units = 3}, {.type = LayerType::batch_norm, .name = "norm"}}, {.input = {4}});
  EXPECT_EQ(network->fewest_rows(), 2);
  try {
    network->forward(at::ones({1, 4}));
    FAIL() << "one row was taken";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr("layer 'norm'"), ::testing::HasSubstr("one row")));
  }
  network->train(false);
  EXPECT_EQ(network->forward(at::ones({1, 4})).size(0), 1);
}

TEST(BatchNorm, NonFiniteInputsAreData) {
  const auto network = build({{.type = LayerType::batch_norm}}, {.input = {2}});
  at::Tensor x = at::ones({3, 2});
  x[0][0] = std::nan("");
  const at::Tensor y = network->forward(x);
  EXPECT_TRUE(y.select(1, 0).isnan().all().item<bool>());
  EXPECT_TRUE((y.select(1, 1) == 0.0).all().item<bool>());
}

// --- group_norm

TEST(GroupNorm, NormalisesEachRowsGroupsOfChannels) {
  const auto network = build_double({{.type = LayerType::group_norm, .groups = 2}}, {.input = {4, 3, 2}});
  const at::Tensor x = Wave{.rate = 1.7}({5, 4, 3, 2}), y = network->forward(x);
  for (std::int64_t row = 0; row < 5; ++row) {
    for (const std::int64_t first : {0, 2}) {
      const at::Tensor group = x[row].narrow(0, first, 2), centred = group - group.mean();
      EXPECT_LT(distance(y[row].narrow(0, first, 2), centred / (centred.square().mean() + 1e-5).sqrt()), 1e-12);
    }
  }
  EXPECT_TRUE(network->buffers().empty());
  EXPECT_EQ(network->fewest_rows(), 1) << "it does not look at other rows";
  EXPECT_LT(distance(network->forward(x.narrow(0, 2, 1)), y.narrow(0, 2, 1)), 1e-12);
}

TEST(GroupNorm, OfOneGroupIsALayerNorm) {
  const at::Tensor x = Wave{.rate = 0.9}({3, 4, 3, 2});
  const auto group = build_double({{.type = LayerType::group_norm, .groups = 1}}, {.input = {4, 3, 2}});
  const auto layer = build_double({{.type = LayerType::layer_norm}}, {.input = {4, 3, 2}});
  EXPECT_LT(distance(group->forward(x), layer->forward(x)), 1e-12);
}

TEST(GroupNorm, RefusesGroupsThatDoNotDivideTheChannelsAndSequences) {
  EXPECT_THROW(build({{.type = LayerType::group_norm, .groups = 3}}, {.input = {4, 3, 2}}), UsageError);
  EXPECT_THROW(build({{.type = LayerType::group_norm, .groups = 2}}, {.input = {5, 4}}), UsageError);
}

}  // namespace
}  // namespace thalweg::testing
