#include "thalweg/train/session.h"

#include <fmt/format.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <utility>

#include "thalweg/observe/catalogue.h"
#include "thalweg/observe/gradient/step_norms.h"
#include "thalweg/observe/observer.h"
#include "thalweg/recipe/names.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/record/version.h"
#include "thalweg/train/metrics.h"
#include "thalweg/train/own_optimizer.h"
#include "thalweg/train/run_folder.h"
#include "thalweg/train/start.h"

namespace thalweg {
namespace {

// Of the loss in float32: rows round independently, each by the size of the outputs that it is a difference of.
double rounding_of(const Watch::Batch& batch, double output_scale) {
  return std::numeric_limits<float>::epsilon() *
         (std::abs(batch.objective) + output_scale / std::sqrt(static_cast<double>(batch.rows)));
}

}  // namespace

struct Session::Forward {
  Batch batch;
  at::Tensor random;  // torch's stream before the forward; undefined where the network draws nothing
  Objective::Value value;
  double share = 1.0;  // of the step's objective
  double output_scale = 0.0;
};

Session::Session(const recipe::Recipe& recipe, const TrainingOptions& options)
    : options_(options),
      bench_(recipe),
      optimizer_(make_optimizer(recipe.optimizer, bench_.network->parameters())),
      stop_(recipe.stop, larger_is_better(recipe.metric.kinds.front()), bench_.steps_per_epoch),
      schedule_(recipe.schedule, recipe.optimizer.lr, stop_.planned_steps()),
      checkpoints_(options.out, recipe.checkpoint.keep),
      header_(header()),
      control_(recipe.act.mode, header_, 1.0) {
  looks_ = looks_at_standpoint(recipe.watch.instruments);
  make_instruments(recipe.watch.instruments);  // an unknown name is said before anything is written
  if (!options_.initial_weights.empty()) {
    load_model(*bench_.network, read_safetensors(options_.initial_weights).tensors, options_.initial_weights.string());
  }
}

RunHeader Session::header() const {
  const recipe::Recipe& recipe = bench_.recipe;
  std::int64_t parameters = 0;
  for (const at::Tensor& p : bench_.parameters) parameters += p.numel();
  RunHeader header{.name = recipe.name,
                   .recipe = recipe::to_toml(recipe),
                   .thalweg_version = kVersion,
                   .torch_version = TORCH_VERSION,
                   .started = now_utc(),
                   .seed = recipe.seed,
                   .threads = at::get_num_threads(),
                   .parameters = parameters,
                   .planned_steps = stop_.planned_steps(),
                   .steps_per_epoch = bench_.steps_per_epoch,
                   .heldout_rows = bench_.judged_part().rows(),
                   .heldout = bench_.data.heldout() != nullptr ? "heldout" : "train",
                   .loss = std::string(recipe::name(recipe.loss.kind)),
                   .optimizer = std::string(recipe::name(recipe.optimizer.kind)),
                   .peak_learning_rate = recipe.optimizer.lr};
  for (const recipe::MetricKind kind : recipe.metric.kinds) header.metrics.emplace_back(metric_name(kind));
  return header;
}

void Session::start() {
  const recipe::Watch& watch = bench_.recipe.watch;
  if (options_.resume) {
    resume();
  } else {
    create_run_folder(options_.out, header_.recipe);
  }
  const std::vector<Reading> initial = position_.step == 0 ? initial_readings(bench_) : std::vector<Reading>();
  std::vector<at::Tensor> buffers;
  std::vector<std::string> buffer_names;
  for (const auto& [name, buffer] : bench_.network->buffers()) {
    buffers.push_back(buffer);
    buffer_names.push_back(name);
  }
  rate_ = learning_rate();
  watch_ = std::make_unique<Watch>(
      bench_.network->parameters(),
      view_of({.options = bench_.recipe.optimizer, .optimizer = *optimizer_, .steps = position_.step, .rate = rate_}),
      WatchOptions{.budget = watch.budget,
                   .cadence = watch.cadence,
                   .instruments = watch.instruments,
                   .buffers = std::move(buffers),
                   .buffer_names = std::move(buffer_names),
                   .tap = [this](Tap* tap) { bench_.network->tap(tap); },
                   .warn = options_.events.note,
                   .seed = bench_.recipe.seed,
                   .free_sums = true},
      Watch::Run{.header = header_,
                 .record = {.store = options_.out / "run.sqlite",
                            .resume_at = checkpointed_at_ >= 0 ? std::optional(position_.step) : std::nullopt,
                            .listener = &control_,
                            .warn = options_.events.note}});
  for (const Reading& reading : initial) watch_->record().put_between(reading);
  if (position_.step == 0) read_start();
  if (!options_.dump.empty()) dump();
  for (const std::string& note : bench_.notes) options_.events.note(note);
  options_.events.started(header_, *bench_.network);
  if (position_.step == 0) checkpoint();
  started_ = Clock::now();
}

// What the layers and their weights are like before the first step.
void Session::read_start() {
  RunRecord& record = watch_->record();
  const Start start = measure_start(bench_, *bench_.network, bench_.objective);
  for (const Reading& reading : readings_at_start(start, [&](std::string_view name) { return record.scope(name); })) {
    record.put(reading);
  }
}

void Session::resume() {
  std::string warning;
  const auto loaded = checkpoints_.load("last", &warning);
  if (!warning.empty()) options_.events.note(warning);
  if (!loaded) {  // killed before its first checkpoint, perhaps before its store was one: from the start
    for (const char* const name : {"run.sqlite", "run.sqlite-wal", "run.sqlite-shm"}) {
      std::filesystem::remove(options_.out / name);
    }
    return;
  }
  load_model(*bench_.network, loaded->model, (options_.out / "checkpoint").string());
  optimizer_->load(loaded->optimizer);
  position_ = loaded->position;
  schedule_.load(position_.schedule);
  stop_.load(position_.stop);
  control_ = Control(bench_.recipe.act.mode, header_, position_.rate_scale);
  set_random_state(random_from_hex(position_.random));
  checkpointed_at_ = evaluated_at_ = position_.step;
}

// The weights before the first step and the first batches, as another program can read them.
void Session::dump() {
  std::filesystem::create_directories(options_.dump);
  write_safetensors(options_.dump / "initial.safetensors", model_tensors(*bench_.network));
  NamedTensors batches;
  for (std::int64_t k = 0; k < options_.dump_batches; ++k) {
    const Batch batch = bench_.batches.at(k / bench_.batches_per_epoch, k % bench_.batches_per_epoch);
    batches.emplace_back(fmt::format("x{}", k), batch.inputs.contiguous());
    batches.emplace_back(fmt::format("y{}", k), batch.targets.contiguous());
  }
  write_safetensors(options_.dump / "batches.safetensors", batches);
}

double Session::seconds() const { return position_.seconds + seconds_between(started_, Clock::now()); }

double Session::epoch() const {
  return static_cast<double>(position_.step) / static_cast<double>(bench_.steps_per_epoch);
}

Session::Forward Session::forward(std::int64_t micro, std::int64_t of, bool keep) {
  const std::int64_t in_epoch = position_.step % bench_.steps_per_epoch;
  Forward result;
  result.batch =
      bench_.batches.at(position_.step / bench_.steps_per_epoch, in_epoch * bench_.recipe.batch.accumulate + micro);
  result.share = 1.0 / static_cast<double>(of);
  if (keep && bench_.network->random()) result.random = random_state();
  const at::Tensor outputs = bench_.network->forward(result.batch.inputs);
  result.value = bench_.objective(outputs, result.batch.targets);
  if (keep) result.output_scale = outputs.detach().abs().max().item<double>();
  return result;
}

// The objective of these micro-batches at the weights as they are: with a graph where gradients are on, else exactly.
at::Tensor Session::again(const std::vector<Forward>& forwards) {
  // What a graph has saved must stay as it is until the gradient is taken: then, it is put back by whoever asks.
  std::optional<Undisturbed> undisturbed;
  if (!torch::GradMode::is_enabled()) undisturbed.emplace(*bench_.network);
  at::Tensor sum;
  for (const Forward& f : forwards) {
    if (f.random.defined()) set_random_state(f.random);
    const Objective::Value value = bench_.objective(bench_.network->forward(f.batch.inputs), f.batch.targets);
    const at::Tensor part = torch::GradMode::is_enabled()
                                ? value.total * f.share
                                : torch::scalar_tensor(f.share * bench_.objective.exact(value), torch::kDouble);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

// The step in the order of the design: forward, backward, update; the watch looks three times and changes nothing.
void Session::step() {
  watch_->resume_clock();
  const bool trial = control_.trial_scale().has_value();
  rate_ = learning_rate();
  const bool exact = watch_->wants_second_forward() || trial;
  const std::int64_t first = position_.step % bench_.steps_per_epoch * bench_.recipe.batch.accumulate;
  const std::int64_t micros = std::min(bench_.recipe.batch.accumulate, bench_.batches_per_epoch - first);

  double step_loss = 0.0;
  std::vector<Forward> forwards;
  for (std::int64_t micro = 0; micro < micros; ++micro) {
    Forward f = forward(micro, micros, exact);
    const double loss = f.share * f.value.loss();
    step_loss += loss;
    const at::Tensor total = micros == 1 ? f.value.total : f.value.total * f.share;
    Watch::Batch batch{.loss = loss,
                       .objective = exact ? f.share * bench_.objective.exact(f.value) : total.item<double>(),
                       .rows = f.batch.rows,
                       .closure_of_step = true,
                       .of = static_cast<int>(micros)};
    batch.objective_error = rounding_of(batch, f.output_scale) * static_cast<double>(micros);
    const bool keep = watch_->before_backward(
        total, [&] { return again(forwards); }, batch);
    total.backward({}, /*retain_graph=*/keep);
    f.value = {};
    if (exact) forwards.push_back(std::move(f));
    watch_->after_backward();
  }
  const std::vector<at::Tensor> update = trial ? optimizer_->preview(rate_) : std::vector<at::Tensor>();
  watch_->before_step();
  const std::vector<StepSums>& sums = optimizer_->step(rate_);
  watch_->after_step(sums);
  optimizer_->zero_grad();
  if (trial) try_smaller_step(forwards, update);
  ++position_.step;
  look_back(step_loss, total(sums).weight_sq);
}

void Session::try_smaller_step(const std::vector<Forward>& forwards, const std::vector<at::Tensor>& update) {
  const auto start = Clock::now();
  double difference = 0.0;
  {
    const torch::NoGradGuard no_grad;
    const double full = again(forwards).item<double>();
    std::vector<at::Tensor> kept;
    for (std::size_t i = 0; i < update.size(); ++i) {
      kept.push_back(bench_.parameters[i].detach().clone());
      bench_.parameters[i].sub_(update[i], 1.0 - *control_.trial_scale());
    }
    difference = full - again(forwards).item<double>();
    for (std::size_t i = 0; i < update.size(); ++i) bench_.parameters[i].copy_(kept[i]);
  }
  if (const auto action = control_.tried(position_.step, difference, learning_rate())) {
    watch_->record().put(*action);
    options_.events.acted(*action);
  }
  watch_->observer().also_spent("trial", seconds_between(start, Clock::now()));
}

// After the step: sums for the next evaluation, the look of control, the line for the user.
void Session::look_back(double loss, double weight_sq) {
  position_.loss_sum += loss;
  ++position_.loss_count;
  finite_ = std::isfinite(weight_sq);
  control_.look(position_.step);
  if (const auto action = control_.effect()) watch_->record().put(*action);
  look_at_point(/*at_end=*/false);
  options_.events.step({.step = position_.step,
                        .planned = stop_.planned_steps(),
                        .epoch = epoch(),
                        .seconds = seconds(),
                        .loss = loss,
                        .learning_rate = rate_},
                       watch_->history());
}

std::string Session::stop_reason() const {
  if (options_.signal != nullptr && options_.signal->load() != 0) return "signal";
  if (!finite_) return "non_finite";
  return stop_.met(position_.step, seconds());
}

}  // namespace thalweg
