// Batch norms with statistics over the data, against the brute-force mean and variance of what they are given.
#include "thalweg/train/precise_statistics.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <random>

#include "small_runs.h"
#include "thalweg/data/safetensors.h"
#include "thalweg/train/evaluation_gap.h"
#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

using recipe::Layer;
using recipe::LayerType;

// What a norm was given, of all batches together.
struct Given final : Tap {
  std::map<std::string, std::vector<at::Tensor>> inputs;
  void passed(const Passage& p) override {
    if (p.type == "batch_norm") inputs[std::string(p.layer)].push_back(p.input.to(at::kDouble).clone());
  }
};

std::unique_ptr<Network> network_of(std::vector<Layer> layers, std::vector<std::int64_t> input) {
  recipe::Model model;
  model.layers = std::move(layers);
  return build_network(model, {.input = std::move(input)}, 3);
}

at::Tensor buffer(const Network& network, const std::string& name) {
  for (const auto& [candidate, tensor] : network.buffers()) {
    if (candidate == name) return tensor.to(at::kDouble);
  }
  return {};
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

struct MemoryPart final : Part {
  at::Tensor x;
  explicit MemoryPart(at::Tensor inputs) : x(std::move(inputs)) {}
  std::int64_t rows() const override { return x.size(0); }
  Batch gather(const at::Tensor& index) const override {
    return {x.index_select(0, index), at::zeros({index.numel()}, at::kLong), index.numel()};
  }
  Batch slice(std::int64_t first, std::int64_t count) const override {
    return {x.slice(0, first, first + count), at::zeros({count}, at::kLong), count};
  }
};

TEST(PreciseStatistics, AreTheMeanAndVarianceOverAllRows) {
  for (const double momentum : {0.1, 0.01, 1.0}) {
    for (const std::int64_t axis : {1, 2, -1}) {
      at::manual_seed(1);
      const MemoryPart part(3.0 + 2.0 * at::randn({50, 4, 6, 6}));
      const auto network = network_of({{.type = LayerType::batch_norm, .axis = axis, .momentum = momentum}}, {4, 6, 6});
      EXPECT_EQ(make_precise(*network, part, {.rows = 0, .at_once = 16}), 1);
      std::vector<std::int64_t> over{0, 1, 2, 3};
      over.erase(over.begin() + (axis < 0 ? 3 : axis));
      const at::Tensor x = part.x.to(at::kDouble);
      EXPECT_LT(distance(buffer(*network, "batch_norm1.running_mean"), x.mean(over)), 1e-4) << axis << " " << momentum;
      EXPECT_LT(distance(buffer(*network, "batch_norm1.running_var"), x.var(over)), 1e-3) << axis << " " << momentum;
    }
  }
}

// Any shape, axis, momentum and number of rows, inputs of any size and far from zero.
TEST(PreciseStatistics, AreTheMeanAndVarianceOfAnyData) {
  EXPECT_TRUE(rc::check("as by brute force", [](std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto of = [&](int low, int high) { return low + static_cast<int>(random() % (high - low + 1)); };
    for (int k = 0; k < 10; ++k) {
      const std::vector<std::int64_t> input =
          random() % 2 == 0 ? std::vector<std::int64_t>{of(1, 4)} : std::vector<std::int64_t>{of(1, 4), of(1, 3), 2};
      std::vector<std::int64_t> sizes{of(2, 40)}, over;
      sizes.insert(sizes.end(), input.begin(), input.end());
      const std::int64_t axis = of(1, static_cast<int>(input.size())), at_once = of(2, 16);
      const double momentum = std::pow(10.0, -0.5 * of(0, 4)), size = std::pow(10.0, of(-3, 3)),
                   centre = size * std::pow(10.0, of(-1, 4));
      auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
      const MemoryPart part(at::randn(sizes, generator, at::TensorOptions(at::kFloat)).mul_(size).add_(centre));
      const auto network = network_of({{.type = LayerType::batch_norm, .axis = axis, .momentum = momentum}}, input);
      make_precise(*network, part, {.rows = 0, .at_once = at_once, .seed = seed});
      for (std::int64_t d = 0; d < part.x.dim(); ++d) {
        if (d != axis) over.push_back(d);
      }
      // A last batch of one row has no variance, and is left out.
      const std::int64_t used = part.rows() % at_once == 1 ? part.rows() - 1 : part.rows();
      auto again = at::make_generator<at::CPUGeneratorImpl>(seed);
      const at::Tensor order = at::randperm(part.rows(), again, at::kLong).slice(0, 0, used);
      const at::Tensor x = part.x.index_select(0, order).to(at::kDouble);
      const double off_mean = distance(buffer(*network, "batch_norm1.running_mean"), x.mean(over)),
                   off_variance = distance(buffer(*network, "batch_norm1.running_var"), x.var(over));
      RC_ASSERT(off_mean < 1e-6 * centre / momentum + 1e-5 * size);
      // Each row is known to float32's 6e-8 of the centre; twice that, of a deviation, goes into its square.
      const double rounding = std::numeric_limits<float>::epsilon() * centre / size;
      RC_ASSERT(off_variance < (1e-4 + 4.0 * rounding) * size * size);
    }
  }));
}

TEST(PreciseStatistics, OneChannelThatIsNotFiniteDoesNotSpoilTheOthers) {
  at::manual_seed(5);
  const MemoryPart part(at::randn({30, 4}));
  part.x.select(1, 2).fill_(std::nan(""));
  const auto network = network_of({{.type = LayerType::batch_norm}}, {4});
  make_precise(*network, part, {});
  const at::Tensor mean = buffer(*network, "batch_norm1.running_mean"), expected = part.x.to(at::kDouble).mean(0);
  for (const int channel : {0, 1, 3}) {
    EXPECT_NEAR(mean[channel].item<double>(), expected[channel].item<double>(), 1e-5);
  }
}

TEST(PreciseStatistics, OfEachNormAreThoseOfWhatItIsGiven) {
  at::manual_seed(2);
  const MemoryPart part(at::randn({96, 5}));
  const auto network =
      network_of({{.units = 7}, {.type = LayerType::batch_norm}, {.units = 3}, {.type = LayerType::batch_norm}}, {5});
  EXPECT_EQ(make_precise(*network, part, {.rows = 0, .at_once = 32, .seed = 9}), 2);
  const at::Tensor mean = buffer(*network, "batch_norm2.running_mean"),
                   variance = buffer(*network, "batch_norm2.running_var");
  // The same batches again, heard.
  Given given;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(9);
  const at::Tensor order = at::randperm(96, generator, at::kLong);
  network->tap(&given);
  for (int k = 0; k < 3; ++k) network->forward(part.x.index_select(0, order.slice(0, 32 * k, 32 * k + 32)));
  network->tap(nullptr);
  const at::Tensor all = at::cat(given.inputs.at("batch_norm2"));
  EXPECT_LT(distance(mean, all.mean(0)), 1e-5);
  EXPECT_LT(distance(variance, all.var(0)), 1e-5);
}

TEST(PreciseStatistics, ChangeNothingElse) {
  at::manual_seed(4);
  const MemoryPart part(at::randn({40, 5}));
  const auto network =
      network_of({{.units = 7}, {.type = LayerType::batch_norm}, {.type = LayerType::dropout}, {.units = 3}}, {5});
  network->train(false);
  const at::Tensor weight = network->parameters().front().second.detach().clone(), random = random_state();
  make_precise(*network, part, {});
  EXPECT_TRUE(at::equal(weight, network->parameters().front().second));
  EXPECT_TRUE(at::equal(random, random_state()));
  EXPECT_FALSE(network->training());
}

TEST(PreciseStatistics, WithoutANormThereAreNone) {
  const MemoryPart part(at::ones({8, 5}));
  EXPECT_EQ(make_precise(*network_of({{.units = 3}}, {5}), part, {}), 0);
}

// --- in a run: model.statistics = "precise"

constexpr const char* kRecipe = R"(
threads = 1
[data]
format = "synthetic"
kind = "blobs"
samples = 300
features = 6
classes = 3
[model]
layers = [{ type = "linear", units = 12, bias = false }, { type = "batch_norm", momentum = 0.003, activation = "relu" }, { type = "linear", units = "classes" }]
[batch]
size = 32
[optimizer]
kind = "sgd"
lr = 0.1
[stop]
epochs = 3
[watch]
instruments = ["none"]
)";

NamedTensors model_at_end(const std::filesystem::path& run) {
  return read_safetensors(run / "checkpoint/last/model.safetensors").tensors;
}

TEST(PreciseStatistics, LeaveTheTrainingAsItIs) {
  const small_runs::Folder folder;
  small_runs::train(kRecipe, folder.path / "running");
  small_runs::train(kRecipe, folder.path / "precise", {"model.statistics=\"precise\""});
  const auto running = model_at_end(folder.path / "running"), precise = model_at_end(folder.path / "precise");
  ASSERT_EQ(running.size(), precise.size());
  int buffers = 0;
  for (std::size_t i = 0; i < running.size(); ++i) {
    const bool statistics = running[i].first.find(".running_") != std::string::npos;
    EXPECT_EQ(at::equal(running[i].second, precise[i].second), !statistics) << running[i].first;
    buffers += statistics ? 1 : 0;
  }
  EXPECT_EQ(buffers, 2);
}

TEST(PreciseStatistics, MendWhatStaleOnesCost) {
  const small_runs::Folder folder;
  const auto gap = [&](const char* name, const std::vector<std::string>& set) {
    const TrainingOutcome out = small_runs::train(kRecipe, folder.path / name, set);
    const auto series = out.history.series(Quantity::evaluation_gap);
    EXPECT_EQ(series.size(), 3U) << "one at each evaluation";
    return series.empty() ? 0.0 : series.back().value;
  };
  const double stale = gap("running", {}), mended = gap("precise", {"model.statistics=\"precise\""});
  EXPECT_GT(stale, 0.05);
  EXPECT_LT(std::abs(mended), 0.2 * stale);
}

TEST(PreciseStatistics, AResumedRunHasTheSameBits) {
  const small_runs::Folder folder;
  const std::vector<std::string> set{"model.statistics=\"precise\""};
  const auto with = [&](const std::string& epochs) {
    auto all = set;
    all.push_back("stop.epochs=" + epochs);
    return all;
  };
  small_runs::train(kRecipe, folder.path / "whole", with("4"));
  small_runs::train(kRecipe, folder.path / "parts", with("2"));
  small_runs::resume(folder.path / "parts", {"stop.epochs=4"});
  const auto whole = model_at_end(folder.path / "whole"), parts = model_at_end(folder.path / "parts");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_TRUE(at::equal(whole[i].second, parts[i].second)) << whole[i].first;
  }
}

}  // namespace
}  // namespace thalweg
