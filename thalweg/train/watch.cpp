#include "thalweg/train/watch.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "thalweg/diagnose/checks.h"
#include "thalweg/observe/catalogue.h"

namespace thalweg {
namespace {

constexpr std::int64_t kEveryStepUntil = 1024;  // readings of single parameters: as many as a screen has use for,
constexpr std::int64_t kThenEvery = 16;  // then a sixteenth, so that a run of a million steps stays below a gigabyte

}  // namespace

void Watch::Sink::put(const Reading& reading) {
  const bool thinned = reading.scope != kWholeModel && reading.step >= kEveryStepUntil &&
                       reading.step % kThenEvery != 0 && std::isfinite(reading.value);
  if (thinned) return;
  watch_.history_.put(reading);
  if (watch_.store_) watch_.store_->put(reading);
  if (watch_.listener_ != nullptr) watch_.listener_->put(reading);
}

Watch::Watch(const RunHeader& header, const std::vector<std::string>& parameters, Options options)
    : warn_(options.warn),
      observer_(make_instruments(options.instruments), {.budget = options.budget, .cadence = options.cadence},
                options.warn),
      listener_(options.listener),
      budget_(options.budget) {
  history_.header = header;
  for (const std::string& name : parameters) scopes_.push_back(history_.scopes_table.number(name));
  if (options.store.empty()) return;
  std::vector<Reading> again;
  if (options.resume_at) again = take_back(options.store, *options.resume_at);
  store_ = std::make_unique<StoreWriter>(options.store, header, StoreWriter::Options{}, options.resume_at);
  for (std::size_t i = 0; i < parameters.size(); ++i) store_->scope(scopes_[i], parameters[i]);
  for (const Reading& reading : again) put(reading);
}

// What the resumed run will not say again: readings before its step, and those of its step that came before the
// checkpoint. The latter are returned: the store has dropped them with the step itself, and must be told once more.
std::vector<Reading> Watch::take_back(const std::filesystem::path& store, std::int64_t before) {
  const StoreReader reader(store);
  const auto names = reader.scopes();
  std::vector<Reading> again;
  for (Reading reading : reader.readings()) {
    const bool of_the_point = reading.step == before && reading.scope == kWholeModel && between_steps(reading.quantity);
    if (of_the_point) again.push_back(reading);
    if (reading.step >= before) continue;
    reading.scope = history_.scopes_table.number(names.at(reading.scope));
    history_.put(reading);
  }
  for (const Action& action : reader.actions()) {
    if (action.step <= before) history_.actions.push_back(action);
  }
  return again;
}

void Watch::before_backward(Step& step) {
  step.scopes = scopes_;
  observer_.before_backward(step);
}

void Watch::after_backward(Step& step) {
  step.scopes = scopes_;
  observer_.after_backward(step, sink_);
}

void Watch::after_update(Step& step) {
  step.scopes = scopes_;
  observer_.after_update(step, sink_);
  if (store_ && store_->failed()) {
    warn_(fmt::format("the store is given up, training goes on: {}", store_->failure()));
    store_.reset();
  }
}

// What is measured between two steps is said once of each: a run that is resumed where it ended ends there again.
void Watch::put(const Reading& reading) {
  if (between_steps(reading.quantity) && reading.scope == kWholeModel) {
    const auto said = history_.series(reading.quantity);
    if (!said.empty() && said.back().step == reading.step) return;
  }
  sink_.put(reading);
}

void Watch::put(const Evaluation& evaluation) {
  put({.step = evaluation.step,
       .value = evaluation.heldout_loss.value,
       .error = static_cast<float>(0.5 * (evaluation.heldout_loss.high - evaluation.heldout_loss.low)),
       .quantity = Quantity::heldout_loss});
  if (!evaluation.metrics.empty()) {
    const Interval& metric = evaluation.metrics.front().interval;
    put({.step = evaluation.step,
         .value = metric.value,
         .error = static_cast<float>(0.5 * (metric.high - metric.low)),
         .quantity = Quantity::heldout_metric});
  }
  if (store_) store_->put(evaluation);
}

// Put when it is made, and again when its effect is known: then it takes its own place.
void Watch::put(const Action& action) {
  auto& actions = history_.actions;
  std::erase_if(actions, [&](const Action& a) { return a.step == action.step && a.lever == action.lever; });
  actions.push_back(action);
  if (store_) store_->put(action);
}

Judgement Watch::judge() const { return judge_run(history_); }

void Watch::finish(RunResult& result) {
  result.budget = budget_;
  result.overhead = observer_.share();
  result.overhead_by_instrument = observer_.share_by_instrument();
  result.actions = history_.actions;
  result.judgement = judge();
  if (store_) store_->finish(result);
}

void Watch::flush() {
  if (store_) store_->flush();
}

}  // namespace thalweg
