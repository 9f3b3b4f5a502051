#include "thalweg/train/run_record.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "thalweg/diagnose/checks.h"

namespace thalweg {
namespace {

constexpr std::int64_t kEveryStepUntil = 1024;  // readings of single parameters: as many as a screen has use for,
constexpr std::int64_t kThenEvery = 16;  // then a sixteenth, so that a run of a million steps stays below a gigabyte

bool said_on_each_step(Quantity quantity) {
  return quantity == Quantity::gradient_sq || quantity == Quantity::weight_sq || quantity == Quantity::update_sq ||
         quantity == Quantity::gradient_update;
}

}  // namespace

void RunRecord::put(const Reading& reading) {
  const bool thinned = reading.scope != kWholeModel && said_on_each_step(reading.quantity) &&
                       reading.step >= kEveryStepUntil && reading.step % kThenEvery != 0 &&
                       std::isfinite(reading.value);
  if (thinned) return;
  history_.put(reading);
  if (store_) store_->put(reading);
  if (listener_ != nullptr) listener_->put(reading);
}

RunRecord::RunRecord(const RunHeader& header, const std::vector<std::string>& parameters, Options options)
    : warn_(std::move(options.warn)), listener_(options.listener) {
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
std::vector<Reading> RunRecord::take_back(const std::filesystem::path& store, std::int64_t before) {
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

Scope RunRecord::scope(std::string_view name) {
  const std::size_t known = history_.scopes_table.names().size();
  const Scope number = history_.scopes_table.number(name);
  if (number >= known && store_) store_->scope(number, std::string(name));
  return number;
}

void RunRecord::check_store() {
  if (!store_ || !store_->failed()) return;
  warn_(fmt::format("the store is given up, training goes on: {}", store_->failure()));
  store_.reset();
}

void RunRecord::put_between(const Reading& reading) {
  if (between_steps(reading.quantity) && reading.scope == kWholeModel) {
    const auto said = history_.series(reading.quantity);
    if (!said.empty() && said.back().step == reading.step) return;
  }
  put(reading);
}

void RunRecord::put(const Evaluation& evaluation) {
  const auto say = [&](Quantity quantity, const Interval& interval) {
    put_between({.step = evaluation.step,
                 .value = interval.value,
                 .error = static_cast<float>(0.5 * (interval.high - interval.low)),
                 .quantity = quantity});
  };
  if (!std::isnan(evaluation.heldout_loss.value)) say(Quantity::heldout_loss, evaluation.heldout_loss);
  if (!evaluation.metrics.empty()) say(Quantity::heldout_metric, evaluation.metrics.front().interval);
  if (store_) store_->put(evaluation);
}

// Put when it is made, and again when its effect is known: then it takes its own place.
void RunRecord::put(const Action& action) {
  auto& actions = history_.actions;
  std::erase_if(actions, [&](const Action& a) { return a.step == action.step && a.lever == action.lever; });
  actions.push_back(action);
  if (store_) store_->put(action);
}

Judgement RunRecord::judge() const { return judge_run(history_); }

void RunRecord::finish(RunResult& result) {
  result.actions = history_.actions;
  result.judgement = judge();
  if (store_) store_->finish(result);
  store_.reset();  // the folder is free for others
}

void RunRecord::flush() {
  if (store_) store_->flush();
}

}  // namespace thalweg
