// What a session does beside stepping: evaluations, checkpoints, and the end of the run.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "thalweg/observe/observer.h"
#include "thalweg/record/error.h"
#include "thalweg/spectral/sampled_gradient.h"
#include "thalweg/train/evaluation_gap.h"
#include "thalweg/train/metrics.h"
#include "thalweg/train/precise_statistics.h"
#include "thalweg/train/run_folder.h"
#include "thalweg/train/session.h"

namespace thalweg {
namespace {

// Near a critical point: the gradient over the training part is two decades below what it was at the start, with 95%
// confidence. A convention; deep networks usually stop well before (Goodfellow, Bengio, Courville 2016, section 8.2.2).
constexpr double kCritical = 1e-2;

constexpr std::int64_t kTrainRows = 10000;  // of the training part, for its own loss and metrics at the end

SampledGradient gradient_at(Network& network, const Objective& objective, const std::vector<Batch>& batches) {
  const Undisturbed undisturbed(network);
  std::vector<at::Tensor> parameters;
  for (const auto& [name, tensor] : network.parameters()) parameters.push_back(tensor);
  return sample_gradient(parameters, static_cast<int>(batches.size()), [&](int k) {
    const Batch& batch = batches[static_cast<std::size_t>(k)];
    return objective(network.forward(batch.inputs), batch.targets).total;
  });
}

// For model.statistics = "precise". They stay: the checkpoint of this evaluation holds what was judged, and training
// does not read them.
void renew_statistics(Workbench& bench) {
  if (bench.recipe.model.statistics != recipe::Statistics::precise) return;
  make_precise(*bench.network, *bench.data.train,
               {.at_once = std::clamp<std::int64_t>(bench.recipe.batch.size, 256, 1024),
                .seed = stream_seed(bench.recipe.seed, RunStream::sample)});
}

// On batches as training has them, of some 512 rows together.
std::optional<EvaluationGap> gap_of(Workbench& bench) {
  if (!bench.network->random()) return std::nullopt;
  const std::int64_t rows = bench.data.train->rows(), asked = bench.recipe.batch.size;
  const std::int64_t size = asked > 0 ? std::min(asked, rows) : rows;
  if (size < bench.network->fewest_rows()) return std::nullopt;
  const auto count = static_cast<int>(std::clamp<std::int64_t>(512 / size, 4, 64));
  return evaluation_gap(*bench.network, bench.objective, bench.sample_batches(count, size));
}

}  // namespace

bool Session::evaluation_due() const {
  const std::int64_t every =
      bench_.recipe.stop.evaluate_every > 0 ? bench_.recipe.stop.evaluate_every : bench_.steps_per_epoch;
  return position_.step % every == 0;
}

bool Session::checkpoint_due() const {
  const std::int64_t every =
      bench_.recipe.checkpoint.every > 0 ? bench_.recipe.checkpoint.every : bench_.steps_per_epoch;
  return position_.step % every == 0;
}

void Session::evaluate() {
  renew_statistics(bench_);
  const PartValues values =
      thalweg::evaluate(*bench_.network, bench_.objective, bench_.judged_part(), bench_.recipe, bench_.data.info);
  const double count = static_cast<double>(position_.loss_count);
  Evaluation evaluation{.step = position_.step,
                        .epoch = epoch(),
                        .seconds = seconds(),
                        .train_loss = position_.loss_sum / count,
                        .heldout_loss = values.loss};
  for (std::size_t i = 0; i < values.metrics.size(); ++i) {
    evaluation.metrics.push_back({header_.metrics[i], header_.heldout, values.metrics[i]});
  }
  position_.loss_sum = 0.0;
  position_.loss_count = 0;
  std::optional<double> evidence;
  if (bench_.recipe.stop.rule == recipe::StopRule::evidence) evidence = gradient_evidence();
  const double metric = evaluation.metrics.front().interval.value;
  best_so_far_ = stop_.evaluated(evaluation, metric, evidence);
  const bool up = larger_is_better(bench_.recipe.metric.kinds.front());
  schedule_.evaluated(up ? -metric : metric);
  watch_->record().put(evaluation);
  if (const auto gap = gap_of(bench_)) {
    watch_->record().put_between({.step = position_.step,
                                  .value = gap->gap,
                                  .error = static_cast<float>(gap->error),
                                  .quantity = Quantity::evaluation_gap});
  }
  last_evaluation_ = evaluation;
  evaluated_at_ = position_.step;
  options_.events.evaluated(evaluation);
  if (best_so_far_ && !checkpoint_due()) checkpoint();  // so that `best` is there
}

double Session::gradient_evidence() {
  return gradient_at(*bench_.network, bench_.objective, bench_.sample_batches(batches_within(bench_.parameters)))
      .evidence;
}

void Session::checkpoint() {
  watch_->record().flush();  // the store is never behind the checkpoint that a resumed run goes on from
  Position position = position_;
  position.seconds = position_.step == 0 ? 0.0 : seconds();
  position.rate_scale = control_.rate_scale();
  position.schedule = schedule_.state();
  position.stop = stop_.state();
  position.random = random_to_hex(random_state());
  try {
    checkpoints_.write(position, model_tensors(*bench_.network), optimizer_->state(),
                       best_so_far_ && evaluated_at_ == position.step);
    checkpointed_at_ = position_.step;
    checkpoint_error_.clear();
  } catch (const IoError& error) {
    if (checkpoint_error_.empty()) options_.events.note(error.what());
    checkpoint_error_ = error.what();
  }
}

TrainingOutcome Session::finish(const std::string& reason) {
  if (finite_ && evaluated_at_ != position_.step && position_.step > 0 && reason != "signal") evaluate();
  if (checkpointed_at_ != position_.step) checkpoint();
  const double trained = seconds();
  RunResult result{.run = options_.out.string(),
                   .stop_reason = reason,
                   .step = position_.step,
                   .epoch = epoch(),
                   .seconds = trained};
  look_at_point(/*at_end=*/true);
  const std::int64_t here = bench_.recipe.stop.restore_best ? restore_best() : position_.step;
  stopped_point(result, here);
  if (here == position_.step && evaluated_at_ != here) renew_statistics(bench_);
  const PartValues judged =
      thalweg::evaluate(*bench_.network, bench_.objective, bench_.judged_part(), bench_.recipe, bench_.data.info);
  const PartValues training =
      thalweg::evaluate(*bench_.network, bench_.objective, *bench_.data.train, bench_.recipe, bench_.data.info,
                        {.rows = kTrainRows, .seed = stream_seed(bench_.recipe.seed, RunStream::sample)});
  result.train_loss = training.loss.value;
  result.heldout_loss = judged.loss;
  for (std::size_t i = 0; i < header_.metrics.size(); ++i) {
    result.metrics.push_back({header_.metrics[i], header_.heldout, judged.metrics[i]});
    if (header_.heldout != "train") result.metrics.push_back({header_.metrics[i], "train", training.metrics[i]});
  }
  put_end(training, here);
  if (const auto action = control_.effect(/*at_end=*/true)) watch_->record().put(*action);
  result.budget = bench_.recipe.watch.budget;
  result.overhead = watch_->observer().share();
  result.overhead_by_instrument = watch_->observer().share_by_instrument();
  watch_->record().finish(result);
  return {result, header_, watch_->history(), checkpoint_error_};
}

void Session::put_end(const PartValues& training, std::int64_t step) {
  const auto put = [&](Quantity quantity, const Interval& interval) {
    watch_->record().put_between({.step = step,
                                  .value = interval.value,
                                  .error = static_cast<float>(0.5 * (interval.high - interval.low)),
                                  .quantity = quantity});
  };
  put(Quantity::train_loss, training.loss);
  if (!training.metrics.empty()) put(Quantity::train_metric, training.metrics.front());
}

std::int64_t Session::restore_best() {
  const auto best = stop_.state().best_step >= 0 ? checkpoints_.load("best") : std::nullopt;
  if (!best) return position_.step;
  load_model(*bench_.network, best->model, "checkpoint/best");
  options_.events.note(fmt::format("the weights of step {}, where {} was best, are restored", best->position.step,
                                   header_.metrics.front()));
  return best->position.step;
}

void Session::stopped_point(RunResult& result, std::int64_t step) {
  if (!finite_) {
    result.gradient_norm = result.relative_gradient_norm = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  const auto batches = bench_.sample_batches(batches_within(bench_.parameters));
  const SampledGradient now = gradient_at(*bench_.network, bench_.objective, batches);
  const auto fresh = bench_.fresh_network();
  std::vector<at::Tensor> weights;
  for (const auto& [name, tensor] : fresh->parameters()) weights.push_back(tensor);
  if (!options_.initial_weights.empty()) {
    load_model(*fresh, read_safetensors(options_.initial_weights).tensors, options_.initial_weights.string());
  }
  const SampledGradient start = gradient_at(*fresh, Objective(bench_.recipe.loss, bench_.data.info, weights), batches);
  result.gradient_resolved = now.resolved() || now.high == 0.0;  // a gradient of nothing but zeros is known exactly
  result.gradient_norm = std::sqrt(std::max(0.0, now.resolved() ? now.norm_sq : now.high));
  result.relative_gradient_norm =
      start.resolved() ? result.gradient_norm / start.norm() : std::numeric_limits<double>::quiet_NaN();
  if (start.resolved()) {
    const double upper = std::sqrt(std::max(0.0, now.high)), lower = std::sqrt(std::max(0.0, now.low));
    watch_->record().put_between(
        {.step = step,
         .value = now.norm() / start.norm(),
         .error = static_cast<float>(std::max(upper - now.norm(), now.norm() - lower) / start.norm()),
         .quantity = Quantity::relative_gradient_norm});
  }
  result.critical = start.resolved() && std::sqrt(std::max(0.0, now.high)) <= kCritical * std::sqrt(start.norm_sq);
}

}  // namespace thalweg
