#include "thalweg/train/workbench.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <thread>

#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/train/evaluate.h"
#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

bool has_batch_norm(const std::vector<recipe::Layer>& layers) {
  return std::any_of(layers.begin(), layers.end(), [](const recipe::Layer& layer) {
    return layer.type == recipe::LayerType::batch_norm || has_batch_norm(layer.inner);
  });
}

std::vector<at::Tensor> tensors_of(const NamedParameters& named) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : named) result.push_back(tensor);
  return result;
}

Dataset load(const recipe::Recipe& recipe) {
  const int threads =
      recipe.threads > 0 ? recipe.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(threads);
  return load_dataset(recipe.data, recipe.seed, recipe.folder);
}

}  // namespace

NetworkShape shape_of(const DataInfo& info) {
  return {.input = info.input_shape,
          .tokens = info.tokens,
          .vocabulary = info.vocabulary,
          .outputs = info.classes > 0 ? info.classes : info.target_columns};
}

Workbench::Workbench(const recipe::Recipe& r)
    : recipe(r),
      data(load(r)),
      network(fresh_network()),
      parameters(tensors_of(network->parameters())),
      objective(r.loss, data.info, parameters),
      batches(data.train, {.size = r.batch.size,
                           .shuffle = r.batch.shuffle,
                           .drop_last = r.batch.drop_last,
                           .seed = stream_seed(r.seed, RunStream::order)}),
      batches_per_epoch(batches.per_epoch()) {
  const std::int64_t rows = data.train->rows(), size = r.batch.size > 0 ? r.batch.size : rows;
  if (batches_per_epoch == 0) {
    throw UsageError(
        fmt::format("batch.size = {} with batch.drop_last = true leaves no batch of the {} training rows; "
                    "take a size of at most {}",
                    size, rows, rows));
  }
  if (has_batch_norm(recipe.model.layers) && batches_per_epoch > 1 && rows % size == 1 && !r.batch.drop_last) {
    --batches_per_epoch;
    notes.push_back("the last batch of each epoch has one row, which batch normalisation cannot take: it is left out");
  }
  steps_per_epoch = (batches_per_epoch + r.batch.accumulate - 1) / r.batch.accumulate;
  notes.insert(notes.end(), data.notes.begin(), data.notes.end());
  const auto idle = recipe::idle_keys(recipe);
  notes.insert(notes.end(), idle.begin(), idle.end());
  seed_random(stream_seed(r.seed, RunStream::dropout));
}

std::unique_ptr<Network> Workbench::network_of(const recipe::Model& model) const {
  auto result = build_network(model, shape_of(data.info), stream_seed(recipe.seed, RunStream::weights));
  if (starts_by_lsuv(model)) scale_by_data(*result, model);
  return result;
}

// Always the same rows and random numbers: a network built later starts with the same bits.
LsuvResult Workbench::scale_by_data(Network& fresh, const recipe::Model& model) const {
  constexpr std::int64_t kRows = 512;  // of the batch that lsuv measures variances on
  const Batch batch = sample_batches(1, std::min(kRows, data.train->rows())).front();
  const Undisturbed undisturbed(fresh);
  return scale_to_unit_variance(fresh, model, [&] {
    if (fresh.random()) seed_random(stream_seed(recipe.seed, RunStream::sample));
    fresh.forward(batch.inputs);
  });
}

std::vector<Batch> Workbench::sample_batches(int count, std::int64_t rows_each) const {
  const std::int64_t rows = data.train->rows();
  // Larger than training's own where that is small: the noise of the sample falls with its rows, and so does the bound
  // on ‖G‖.
  const std::int64_t size =
      rows_each > 0 ? rows_each : std::clamp<std::int64_t>(recipe.batch.size > 0 ? recipe.batch.size : rows, 512, 1024);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(stream_seed(recipe.seed, RunStream::sample));
  const at::Tensor order = at::randperm(rows, generator, at::kLong);
  std::vector<Batch> result;
  for (std::int64_t k = 0; k < count; ++k) {
    // A small training part is gone through again from the start: its batches then overlap.
    const at::Tensor positions = at::arange(k * size, (k + 1) * size, at::kLong).remainder(rows).slice(0, 0, rows);
    result.push_back(data.train->gather(order.index_select(0, positions)));
  }
  return result;
}

std::vector<Reading> initial_readings(Workbench& bench) {
  constexpr std::int64_t kRows = 4096;  // a loss good to a few percent is enough to tell a bad start
  const PartValues values = evaluate(*bench.network, bench.objective, *bench.data.train, bench.recipe, bench.data.info,
                                     {.rows = kRows, .seed = stream_seed(bench.recipe.seed, RunStream::sample)});
  const DataStatistics& statistics = bench.data.statistics;
  std::vector<Reading> readings;
  const auto put = [&](Quantity quantity, double value, double error = std::numeric_limits<double>::quiet_NaN()) {
    readings.push_back({.value = value, .error = static_cast<float>(error), .quantity = quantity});
  };
  put(Quantity::initial_loss, values.loss.value, 0.5 * (values.loss.high - values.loss.low));
  put(Quantity::constant_loss, bench.objective.best_constant(*bench.data.train));
  if (!bench.data.info.tokens) {
    put(Quantity::input_mean, statistics.input_mean);
    put(Quantity::input_rms, statistics.input_rms);
    put(Quantity::input_max_abs, statistics.input_max_abs);
    put(Quantity::input_scale_spread, statistics.input_scale_spread);
  }
  if (bench.data.info.targets == recipe::TargetKind::real) put(Quantity::target_rms, statistics.target_rms);
  return readings;
}

}  // namespace thalweg
