#include "thalweg/train/preflight.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "thalweg/diagnose/checks.h"
#include "thalweg/model/symmetry.h"
#include "thalweg/optim/optimizer.h"
#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"
#include "thalweg/train/metrics.h"
#include "thalweg/train/start_in_time.h"
#include "thalweg/train/stop.h"
#include "thalweg/train/workbench.h"

namespace thalweg {
namespace {

constexpr double kFitted = 0.1;     // of the constant prediction's loss
constexpr std::int64_t kRows = 16;  // few enough to be learnt in seconds by any network that learns
constexpr std::int64_t kSteps = 400;
constexpr double kRates[] = {1e-3, 1e-2, 1e-4};  // Adam's usual rate, then a decade to each side

// A part that is one batch, for Objective::best_constant.
class OneBatchPart final : public Part {
 public:
  explicit OneBatchPart(Batch batch) : batch_(std::move(batch)) {}
  std::int64_t rows() const override { return batch_.rows; }
  Batch gather(const at::Tensor& index) const override {
    return {batch_.inputs.index_select(0, index), batch_.targets.index_select(0, index), index.numel()};
  }
  Batch slice(std::int64_t first, std::int64_t count) const override {
    return {batch_.inputs.narrow(0, first, count), batch_.targets.narrow(0, first, count), count};
  }

 private:
  Batch batch_;
};

// Trains a fresh copy of the network on the batch until it is fitted or the steps are used up.
void fit(const Workbench& bench, const Batch& batch, double rate, OneBatch& result) {
  const auto network = bench.fresh_network();
  std::vector<at::Tensor> weights;
  for (const auto& [name, tensor] : network->parameters()) weights.push_back(tensor);
  recipe::Loss loss = bench.recipe.loss;
  loss.l2 = 0.0;
  const Objective objective(loss, bench.data.info, weights);
  const auto optimizer = make_optimizer({.kind = recipe::OptimizerKind::adam, .lr = rate}, network->parameters());
  const double goal = kFitted * result.constant_loss;
  for (std::int64_t step = 0; step <= kSteps; ++step) {
    const Objective::Value value = objective(network->forward(batch.inputs), batch.targets);
    result.last_loss = value.loss();
    result.steps = step;
    if (step == 0) result.first_loss = result.last_loss;
    result.fitted = result.last_loss <= goal;
    if (result.fitted || !std::isfinite(result.last_loss)) return;
    value.total.backward();
    optimizer->step(rate);
    optimizer->zero_grad();
  }
}

OneBatch fit_one_batch(const Workbench& bench) {
  const std::int64_t rows = std::min(kRows, bench.data.train->rows());
  const at::Tensor index =
      at::linspace(0, static_cast<double>(bench.data.train->rows() - 1), rows, at::kDouble).to(at::kLong);
  const Batch batch = bench.data.train->gather(index);
  OneBatch result{.rows = rows};
  result.constant_loss = bench.objective.best_constant(OneBatchPart(batch));
  for (const double rate : kRates) {
    fit(bench, batch, rate, result);
    if (result.fitted) break;
  }
  return result;
}

bool starts_badly(const Judgement& judgement) {
  return std::ranges::any_of(judgement.findings, [](const Finding& f) {
    return f.code == "bad_initialization" || f.code == "symmetric_initialization";
  });
}

// The initialiser that is nearest to keeping the signal is recommended where it is nearer than the recipe's own.
void try_others(const Workbench& bench, Preflight& result) {
  result.tried = try_starts(bench);
  result.better = better_starts(result.start, result.tried);
  double least = distance_from_even(result.start, result.constant_loss);
  for (std::size_t k = 0; k < result.tried.size(); ++k) {
    const double distance = distance_from_even(result.tried[k].start, result.constant_loss);
    if (!(distance < least)) continue;
    least = distance;
    result.recommended = static_cast<int>(k);
  }
}

}  // namespace

Preflight preflight(const recipe::Recipe& recipe, const PreflightStage& stage) {
  stage("reading the data");
  Workbench bench(recipe);
  if (bench.parameters.empty()) throw UsageError("there is nothing to train: no layer of the network has weights");
  const StopRules stop(recipe.stop, larger_is_better(recipe.metric.kinds.front()), bench.steps_per_epoch);
  Preflight result{.train_rows = bench.data.train->rows(),
                   .validation_rows = bench.data.validation ? bench.data.validation->rows() : 0,
                   .test_rows = bench.data.test ? bench.data.test->rows() : 0,
                   .input_shape = bench.data.info.input_shape,
                   .classes = bench.data.info.classes,
                   .steps_per_epoch = bench.steps_per_epoch,
                   .planned_steps = stop.planned_steps(),
                   .notes = bench.notes,
                   .network = summary_table(*bench.network)};
  for (const at::Tensor& p : bench.parameters) result.parameters += p.numel();
  History history;
  history.header.loss = recipe::name(recipe.loss.kind);
  history.header.planned_steps = result.planned_steps;
  history.header.peak_learning_rate = recipe.optimizer.lr;
  stage("following the signal");
  for (const Reading& reading : initial_readings(bench)) {
    history.put(reading);
    if (reading.quantity == Quantity::initial_loss) result.initial_loss = reading.value;
    if (reading.quantity == Quantity::constant_loss) result.constant_loss = reading.value;
  }
  result.start = measure_start(bench, *bench.network, bench.objective, {.update = true});
  const auto scope_of = [&](std::string_view name) { return history.scopes_table.number(name); };
  for (const Reading& reading : readings_at_start(result.start, scope_of, {.sums = true})) history.put(reading);
  result.symmetry_bits = symmetry_bits(symmetry_of(recipe.model, shape_of(bench.data.info), *bench.network));
  history.put({.value = result.symmetry_bits, .quantity = Quantity::symmetry_bits});
  result.in_time = start_in_time(bench);
  stage("searching the first learning rate");
  result.rate = initial_rate(bench);
  if (result.rate.known()) history.put({.value = result.rate.recommended, .quantity = Quantity::initial_rate});
  stage("fitting one batch");
  result.one_batch = fit_one_batch(bench);
  result.judgement = judge_run(history);
  if (starts_badly(result.judgement)) {
    stage("trying other starts");
    try_others(bench, result);
  }
  return result;
}

}  // namespace thalweg
