// Units that were made by hand to be dead, dormant, saturated or cloned, counted exactly.
#include "thalweg/observe/propagation/unit_census.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace thalweg {
namespace {

HeardLayer layer(const at::Tensor& before, const std::string& activation, const at::Tensor& output) {
  return {.name = "linear1",
          .type = "linear",
          .activation = activation,
          .input = before,
          .before = before,
          .output = output};
}

HeardLayer last() { return layer(at::zeros({1, 1}), "none", at::zeros({1, 1})); }

UnitShares shares(const std::vector<at::Tensor>& befores, const std::string& activation,
                  const std::function<at::Tensor(const at::Tensor&)>& phi) {
  UnitCensus census;
  for (const at::Tensor& z : befores) census.add({layer(z, activation, phi(z)), last()});
  return census.take().at(0);
}

at::Tensor relu(const at::Tensor& z) { return at::relu(z); }
at::Tensor tanh(const at::Tensor& z) { return at::tanh(z); }

TEST(UnitCensus, CountsUnitsThatAreOffOnEveryRowOfEveryBatch) {
  at::manual_seed(1);
  at::Tensor first = at::randn({50, 10}), second = at::randn({50, 10});
  for (at::Tensor* z : {&first, &second}) z->narrow(1, 0, 3).fill_(-1.0);
  second[49][2] = 1.0;  // one row of the second batch wakes unit 2
  EXPECT_DOUBLE_EQ(shares({first, second}, "relu", relu).dead, 0.2);
  EXPECT_DOUBLE_EQ(shares({first}, "relu", relu).dead, 0.3);
}

TEST(UnitCensus, CountsUnitsThatHardlyFire) {
  at::Tensor z = at::ones({40, 8});
  z.select(1, 0).fill_(0.02);  // the layer's mean is (6 + 0.02 + 0.03) / 8 = 0.756, and 0.025 of it 0.0189
  z.select(1, 1).fill_(0.03);
  EXPECT_DOUBLE_EQ(shares({z}, "relu", relu).dormant, 0.0);
  z.select(1, 0).fill_(0.018);
  EXPECT_DOUBLE_EQ(shares({z}, "relu", relu).dormant, 1.0 / 8.0);
}

// |φ'| < 0.05: |tanh z| > √0.95, |z| > 2.178.
TEST(UnitCensus, CountsUnitsThatAreFlatOnNearlyAllRows) {
  at::Tensor z = at::full({100, 4}, 2.1);
  z.select(1, 0).fill_(-2.2);
  z.select(1, 1).fill_(2.2);
  z.select(1, 1).narrow(0, 0, 5).zero_();  // on 95 of 100 rows: still
  z.select(1, 2).fill_(2.2);
  z.select(1, 2).narrow(0, 0, 6).zero_();  // on 94: no more
  EXPECT_DOUBLE_EQ(shares({z}, "tanh", tanh).saturated, 0.5);
  EXPECT_TRUE(std::isnan(shares({z}, "relu", relu).saturated)) << "a relu is off, not flat";
}

// The masks against the derivatives that autograd takes.
TEST(UnitCensus, KnowsWhereEachActivationIsFlat) {
  const at::Tensor z = at::linspace(-8.0, 8.0, 4001, at::kDouble).unsqueeze(1).requires_grad_();
  const std::vector<std::pair<std::string, at::Tensor>> kinds = {{"tanh", at::tanh(z)}, {"sigmoid", at::sigmoid(z)},
                                                                 {"elu", at::elu(z)},   {"selu", at::selu(z)},
                                                                 {"gelu", at::gelu(z)}, {"silu", at::silu(z)}};
  for (const auto& [kind, h] : kinds) {
    const at::Tensor slope = torch::autograd::grad({h.sum()}, {z}, {}, true)[0].abs();
    const at::Tensor flat = flat_mask(layer(z, kind, h), 0.05);
    const auto differ = (flat != (slope < 0.05 * slope.max())).sum().item<std::int64_t>();
    EXPECT_LE(differ, 2) << kind << ": but for the edge's rounding";
    EXPECT_GT(flat.sum().item<std::int64_t>(), 0) << kind;
  }
}

TEST(UnitCensus, CountsClonesOfEitherSignButNotConstantUnits) {
  at::manual_seed(2);
  at::Tensor z = at::randn({200, 10}, at::kDouble);
  z.select(1, 1).copy_(3.0 * z.select(1, 0) + 5.0);
  z.select(1, 2).copy_(-z.select(1, 0));
  z.select(1, 3).fill_(7.0);
  z.select(1, 4).fill_(7.0);
  z.select(1, 5).copy_(z.select(1, 6) + 0.1 * at::randn({200}, at::kDouble));  // correlation 0.995: no clone
  const auto same = [](const at::Tensor& t) { return t; };
  EXPECT_DOUBLE_EQ(shares({z}, "none", same).cloned, 0.3);
  EXPECT_DOUBLE_EQ(shares({z.narrow(0, 0, 100), z.narrow(0, 100, 100)}, "none", same).cloned, 0.3) << "batches add up";
}

// Orthogonal columns of lengths σ_k: the singular values are known, and so is their entropy.
TEST(UnitCensus, HasTheEffectiveRankOfKnownSingularValues) {
  at::manual_seed(3);
  const at::Tensor raw = at::randn({64, 4}, at::kDouble);
  const at::Tensor q = std::get<0>(at::linalg_qr(raw - raw.mean(0, true)));  // columns of mean 0
  const at::Tensor sigma = at::tensor({4.0, 2.0, 1.0, 0.0}, at::kDouble);
  const auto same = [](const at::Tensor& t) { return t; };
  double entropy = 0.0;
  for (const double p : {4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0}) entropy -= p * std::log(p);
  EXPECT_NEAR(shares({q * sigma + 11.0}, "none", same).effective_rank, std::exp(entropy) / 4.0, 1e-6);
  EXPECT_NEAR(shares({q}, "none", same).effective_rank, 1.0, 1e-9);
}

TEST(UnitCensus, TakesChannelsOfImagesAndFeaturesOfSequencesAsUnits) {
  at::Tensor image = at::ones({5, 3, 4, 4});
  image.select(1, 1).zero_();
  EXPECT_NEAR(shares({image}, "relu", relu).dead, 1.0 / 3.0, 1e-12);
  at::Tensor sequence = at::ones({5, 7, 4});
  sequence.select(2, 1).zero_();
  EXPECT_DOUBLE_EQ(shares({sequence}, "relu", relu).dead, 0.25);
  sequence[4][6][1] = 1.0;  // one moment is enough
  EXPECT_DOUBLE_EQ(shares({sequence}, "relu", relu).dead, 0.0);
}

TEST(UnitCensus, LeavesOutLayersThatOnlyPassOnAndTheOutputs) {
  UnitCensus census;
  HeardLayer pool = layer(at::ones({4, 2, 2, 2}), "none", at::ones({4, 2, 1, 1}));
  pool.type = "pool";
  census.add({layer(at::ones({4, 3}), "relu", at::ones({4, 3})), pool, last()});
  EXPECT_EQ(census.rows(), 4);
  EXPECT_EQ(census.take().size(), 1U);
  EXPECT_EQ(census.rows(), 0);
}

TEST(UnitCensus, OfNumbersThatAreNotFiniteSaysNothing) {
  at::Tensor z = at::ones({4, 3});
  z[0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(shares({z}, "relu", relu).dead));
}

}  // namespace
}  // namespace thalweg
