// How a watch begins, and what it has to say.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "thalweg/diagnose/checks.h"
#include "thalweg/diagnose/instability.h"
#include "thalweg/observe/catalogue.h"
#include "thalweg/record/error.h"
#include "thalweg/record/version.h"
#include "thalweg/report/summary.h"
#include "thalweg/report/watch_panel.h"
#include "thalweg/store/owner_lock.h"
#include "thalweg/train/run_folder.h"
#include "thalweg/train/watch_state.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

WatchOptions checked(WatchOptions options) {
  if (!(options.budget >= 0.0 && options.budget <= 1.0)) {
    throw UsageError(fmt::format("budget = {}: a share of the training time, from 0 to 1", options.budget));
  }
  if (options.cadence < 0) {
    throw UsageError(fmt::format("cadence = {}: steps between looks, 0 or more", options.cadence));
  }
  if (options.objective != "loss" && options.objective != "surrogate") {
    throw UsageError(fmt::format("objective = '{}': 'loss' or 'surrogate'", printable(options.objective)));
  }
  if (options.memory_limit <= 0) {
    throw UsageError(fmt::format("memory_limit = {}: bytes, above 0", options.memory_limit));
  }
  return options;
}

// The folder of a new run: the one asked for, or the next free one beside it. A living writer there is an error.
fs::path free_folder(const WatchOptions& options) {
  if (options.store.empty()) return {};
  const std::string asked =
      options.store.string() + (options.rank > 0 ? fmt::format("-rank{}", options.rank) : std::string());
  fs::path folder = asked;
  for (int number = 2; fs::exists(folder / "run.sqlite"); ++number) {
    const OwnerLock nobody_writes(folder / "run.sqlite");
    folder = fmt::format("{}-{}", asked, number);
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(fmt::format("{}: cannot make the run folder: {}", folder.string(), error.message()));
  return folder;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 6;
  const std::vector<std::string> first(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, names.size())));
  const std::string rest = names.size() > kMost ? fmt::format(" and {} more", names.size() - kMost) : "";
  return fmt::format("{}{}", fmt::join(first, ", "), rest);
}

std::vector<at::Tensor> tensors_of(const Watch::Parameters& parameters) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : parameters) result.push_back(tensor);
  return result;
}

}  // namespace

Watch::Parameters watched(const Watch::Parameters& given) {
  Watch::Parameters result;
  for (const auto& [name, tensor] : given) {
    const bool again =
        std::any_of(result.begin(), result.end(), [&](const auto& r) { return r.second.is_same(tensor); });
    if (tensor.defined() && tensor.requires_grad() && !again) result.emplace_back(name, tensor);
  }
  return result;
}

Watch::State::State(Parameters given, std::unique_ptr<OptimizerView> optimizer, WatchOptions asked,
                    std::optional<Run> run)
    : options(checked(std::move(asked))),
      parameters(tensors_of(watched(given))),
      view(std::move(optimizer)),
      replay(parameters, options.buffers) {
  if (parameters.empty()) throw UsageError("there is nothing to watch: no parameter requires a gradient");
  for (const auto& [name, tensor] : watched(given)) names.push_back(name);
  say_what_is_odd(given);
  repeats = view && view->repeats_closure();
  Observer::Options observing{.budget = options.budget,
                              .cadence = options.cadence,
                              .memory_limit = options.memory_limit,
                              .warn = [this](const std::string& text) { warn(text); }};
  observer.emplace(make_instruments(options.instruments, {.free_sums = options.free_sums}), std::move(observing));
  if (run) {
    index = run->record.resume_at.value_or(0);
    record.emplace(run->header, names, run->record);
    return;
  }
  folder = free_folder(options);
  record.emplace(make_header(), names,
                 RunRecord::Options{.store = folder.empty() ? fs::path() : folder / "run.sqlite",
                                    .resume_at = std::nullopt,
                                    .warn = [this](const std::string& text) { warn(text); }});
}

RunHeader Watch::State::make_header() const {
  RunHeader header{.name = options.name.empty() ? folder.filename().string() : options.name,
                   .thalweg_version = kVersion,
                   .torch_version = TORCH_VERSION,
                   .started = now_utc(),
                   .seed = options.seed,
                   .threads = at::get_num_threads(),
                   .planned_steps = options.planned_steps,
                   .loss = options.objective == kSurrogate ? std::string(kSurrogate) : "",
                   .optimizer = view ? view->name() : "by hand"};
  if (header.name.empty()) header.name = "watch";
  for (const at::Tensor& p : parameters) header.parameters += p.numel();
  const double rate = view ? view->learning_rate() : 0.0;
  if (std::isfinite(rate)) header.peak_learning_rate = rate;
  return header;
}

void Watch::State::say_what_is_odd(const Parameters& given) {
  std::vector<std::string> frozen, idle;
  std::map<const void*, std::string> first_name;
  for (const auto& [name, tensor] : given) {
    if (!tensor.defined()) continue;
    const auto [at, fresh] = first_name.emplace(tensor.unsafeGetTensorImpl(), name);
    if (!fresh) notes.push_back(fmt::format("{} and {} are one parameter: it is watched once", at->second, name));
    if (fresh && !tensor.requires_grad()) frozen.push_back(name);
  }
  if (!frozen.empty()) notes.push_back(fmt::format("frozen, and not watched: {}", listed(frozen)));
  if (!view) {
    notes.push_back("no optimizer: the update is the change of the weights between two backwards");
    return;
  }
  const std::vector<bool> steps = view->steps();
  for (std::size_t i = 0; i < steps.size() && i < names.size(); ++i) {
    if (!steps[i]) idle.push_back(names[i]);
  }
  if (!idle.empty()) notes.push_back(fmt::format("{} does not step: {}", view->name(), listed(idle)));
  if (view->repeats_closure()) {
    notes.push_back(fmt::format(
        "{} calls its closure several times a step: loss and gradient are watched, curvature is not", view->name()));
  } else if (const std::string why = view->why(); !why.empty()) {
    notes.push_back(why);
  }
}

void Watch::State::flush_log() {
  if (!logged) return;
  record->put(*logged);
  for (const NamedMetric& metric : logged->metrics) {
    std::erase_if(last.metrics, [&](const auto& m) { return m.name == metric.name && m.split == metric.split; });
    last.metrics.push_back(metric);
  }
  if (!std::isnan(logged->heldout_loss.value)) last.heldout_loss = logged->heldout_loss;
  logged.reset();
}

RunResult Watch::State::result() const {
  RunResult result{.run = folder.string(),
                   .stop_reason = "closed",
                   .step = index,
                   .seconds = observer->scheduler().trained() + observer->spent_seconds(),
                   .heldout_loss = last.heldout_loss,
                   .metrics = last.metrics,
                   .budget = options.budget,
                   .overhead = observer->share(),
                   .overhead_by_instrument = observer->share_by_instrument()};
  const auto losses = record->history().series(Quantity::loss);
  const std::size_t count = std::min<std::size_t>(losses.size(), 32);
  double sum = 0.0;
  for (const Point& point : losses.last(count)) sum += point.value / static_cast<double>(count);
  result.train_loss = count > 0 ? sum : std::numeric_limits<double>::quiet_NaN();
  result.gradient_norm = result.relative_gradient_norm = std::numeric_limits<double>::quiet_NaN();
  return result;
}

void Watch::log(const std::string& name, double value, const std::string& split) {
  State& s = *state_;
  if (name.empty()) throw UsageError("log: the name is empty");
  if (split != "heldout" && split != "train") {
    throw UsageError(fmt::format("log: split = '{}': 'heldout' or 'train'", printable(split)));
  }
  if (!s.awake()) return;
  constexpr double kNone = State::kNone;
  if (s.logged && s.logged->step != s.index) s.flush_log();
  if (!s.logged) {
    s.logged = {.step = s.index,
                .epoch = kNone,
                .seconds = s.observer->scheduler().trained(),
                .train_loss = kNone,
                .heldout_loss = {kNone, kNone, kNone}};
  }
  if (name == "loss") {
    (split == "train" ? s.logged->train_loss : s.logged->heldout_loss.value) = value;
    if (split == "heldout") s.logged->heldout_loss = {value, value, value};
    return;
  }
  std::erase_if(s.logged->metrics, [&](const NamedMetric& m) { return m.name == name && m.split == split; });
  s.logged->metrics.push_back({name, split, {value, value, value}});
}

std::string Watch::verdict() const { return std::string(name(state_->record->judge().verdict)); }
std::vector<Finding> Watch::findings() const { return state_->record->judge().findings; }
std::vector<std::string> Watch::notes() const { return state_->notes; }
std::string Watch::store() const { return state_->folder.string(); }
std::int64_t Watch::steps() const { return state_->index; }

Watch::Overhead Watch::overhead() const {
  const Observer& observer = *state_->observer;
  Overhead result{.budget = state_->options.budget,
                  .share = observer.share(),
                  .first = observer.scheduler().first(),
                  .seconds = observer.spent_seconds(),
                  .trained = observer.scheduler().trained(),
                  .peak_bytes = observer.peak_bytes(),
                  .by_instrument = observer.share_by_instrument()};
  for (const auto& [name, turns] : observer.turns()) {
    result.period[name] = static_cast<double>(state_->index) / static_cast<double>(turns);
  }
  return result;
}

std::string Watch::summary() const {
  const State& s = *state_;
  const Overhead overhead = this->overhead();
  report::WatchView view{.name = s.record->history().header.name,
                         .store = s.folder.string(),
                         .steps = s.index,
                         .trained = overhead.trained,
                         .budget = overhead.budget,
                         .share = overhead.share,
                         .first = overhead.first,
                         .peak_bytes = overhead.peak_bytes,
                         .notes = s.notes,
                         .curves = report::summary_curves(s.record->history()),
                         .judgement = s.record->judge()};
  if (const auto forecast = forecast_instability(s.record->history())) view.forecast = words(*forecast);
  for (const auto& [name, turns] : s.observer->turns()) {
    const auto share = overhead.by_instrument.find(name);
    view.instruments.push_back({name, turns, share != overhead.by_instrument.end() ? share->second : 0.0});
  }
  return report::watch_panel(view, {});
}

}  // namespace thalweg
