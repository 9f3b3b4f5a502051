// The real data, as they lie on the system.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "thalweg/data/dataset.h"

namespace thalweg {
namespace {

TEST(FashionMnist, LoadsSplitsAndScales) {
  recipe::Data data;
  data.format = recipe::Format::idx;
  data.path = "fashion-mnist";
  const Dataset dataset = load_dataset(data, 0, ".");
  EXPECT_EQ(dataset.train->rows(), 54000);
  EXPECT_EQ(dataset.validation->rows(), 6000);
  EXPECT_EQ(dataset.test->rows(), 10000);
  EXPECT_EQ(dataset.info.input_shape, (std::vector<std::int64_t>{1, 28, 28}));
  EXPECT_EQ(dataset.info.classes, 10);
  for (const double share : dataset.statistics.class_share) EXPECT_DOUBLE_EQ(share, 0.1) << "stratified";
  EXPECT_NEAR(dataset.statistics.input_mean, 0.0, 1e-9);
  EXPECT_NEAR(dataset.statistics.input_rms, 1.0, 1e-9);
  const at::Tensor inputs = dataset.train->slice(0, 54000).inputs;
  EXPECT_NEAR(inputs.mean(at::kDouble).item<double>(), 0.0, 1e-5);
  EXPECT_NEAR(inputs.std().item<double>(), 1.0, 1e-4);
  EXPECT_NEAR(inputs.abs().max().item<double>(), dataset.statistics.input_max_abs, 1e-5);
}

}  // namespace
}  // namespace thalweg
