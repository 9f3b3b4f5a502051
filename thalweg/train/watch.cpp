#include "thalweg/train/watch.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "thalweg/train/watch_spending.h"
#include "thalweg/train/watch_state.h"

namespace thalweg {
namespace {

constexpr double kBooksShare = 1.0 / 3.0;  // of the budget, for what each step costs without any turn
constexpr std::int64_t kLongestRest = 4096;

}  // namespace

Watch::Watch(Parameters parameters, std::unique_ptr<OptimizerView> optimizer, WatchOptions options, Run run)
    : state_(std::make_unique<State>(std::move(parameters), std::move(optimizer), std::move(options), std::move(run))) {
}

Watch::Watch(Parameters parameters, std::unique_ptr<OptimizerView> optimizer, WatchOptions options)
    : state_(std::make_unique<State>(std::move(parameters), std::move(optimizer), std::move(options), std::nullopt)) {}

Watch::~Watch() {
  try {
    close();
  } catch (...) {  // the record is what it is: a destructor has nobody to tell
  }
}

bool Watch::before_backward(const at::Tensor& loss, const Closure& closure, const Batch& batch) {
  State& s = *state_;
  if (!s.awake()) return false;
  const State::Spending spending(s);
  if (s.backwards > 0 && !s.in_step) {
    if (!s.view && s.weights_moved()) {  // the closure may compute another batch by now
      s.observer->cancel({.second_forward = true, .taps = true});
      s.finish_step({});
      s.keep_time();
    } else if (s.gradients_were_dropped()) {
      s.observer->cancel({.graph = true, .gradient = true, .update = true, .second_forward = true, .taps = true});
      s.forget_step();
    }
  }
  if (s.begins_again()) {
    s.evaluated_again();
    return false;
  }
  if (!s.since) s.since = State::Clock::now();
  if (!s.planned) s.begin_step(static_cast<bool>(closure), batch.closure_of_step);
  ++s.backwards;
  s.step.backwards = s.backwards;
  if (batch.of > 0) s.expected = batch.of;
  s.read_loss(loss, batch);
  s.take_closure(closure, batch);
  return s.backwards >= s.expected && s.take_graph(loss);
}

void Watch::after_backward() {
  State& s = *state_;
  if (!s.awake() || !s.planned || s.repeating) return;
  const State::Spending spending(s);
  const bool last = s.backwards >= s.expected;
  while (s.with_gradient + 1 < s.parameters.size() && !s.parameters[s.with_gradient].grad().defined()) {
    ++s.with_gradient;
  }
  if (!s.parameters[s.with_gradient].grad().defined()) s.with_gradient = 0;
  if (last || s.plan.each_backward) {
    s.look_at_gradient();
    s.offer_second_forwards();
    s.observer->after_backward(s.step, last, *s.record);
    s.looked = last;
  }
  if (s.in_step && last) s.prepare_update();
  if (!s.view) {
    s.print = s.fingerprint();
    s.prepare_update();
  }
}

void Watch::before_step() {
  State& s = *state_;
  if (!s.awake()) return;
  const State::Spending spending(s);
  if (s.in_step) s.forget_step();  // the step before was broken off by an exception
  if (s.planned && s.backwards > 0) {
    if (!s.looked) {  // fewer backwards than were foreseen
      s.observer->cancel({.graph = true, .second_forward = true, .taps = true});
      s.look_at_gradient();
      s.observer->after_backward(s.step, true, *s.record);
    }
    s.prepare_update();
  }
  s.in_step = true;
}

void Watch::after_step(std::span<const StepSums> sums, double loop_seconds) {
  State& s = *state_;
  if (!s.awake()) return;
  s.spend_beyond(loop_seconds);
  const bool ordinary = s.planned && !s.plan.any();
  {
    const State::Spending spending(s);
    s.finish_step(sums);
    s.attend();
    s.look_ahead();
  }
  if (ordinary) s.books = s.books > 0.0 ? 0.95 * s.books + 0.05 * s.spent_now : s.spent_now;
  s.spent_now = 0.0;
  s.keep_time();
  s.rested = 0;
}

std::int64_t Watch::rest() const {
  const State& s = *state_;
  if (!s.awake()) return kLongestRest;
  if (s.options.cadence > 0 || s.observer->expects_next()) return 0;
  const double step = s.observer->scheduler().step_seconds();
  if (!(step > 0.0)) return 0;
  const double allowed = kBooksShare * s.options.budget * step;
  if (s.books <= allowed || s.rested > 0) return 0;
  if (!(allowed > 0.0)) return kLongestRest;
  return std::min(kLongestRest, static_cast<std::int64_t>(std::ceil(s.books / allowed)) - 1);
}

void Watch::rested(std::int64_t steps) {
  State& s = *state_;
  s.index += steps;
  s.steps_since += steps;
  s.rested += steps;
}

void Watch::resume_clock() {
  State& s = *state_;
  s.since = State::Clock::now();
  s.spent_since = 0.0;
}

void Watch::backward(const at::Tensor& loss, const Closure& closure) {
  if (state_->resting > 0) {
    loss.backward();
    return;
  }
  const bool keep = before_backward(loss, closure, {});
  loss.backward({}, keep);
  after_backward();
}

void Watch::step() {
  State& s = *state_;
  if (s.resting > 0) {
    if (s.steps_with != nullptr) s.steps_with->step();
    --s.resting;
    rested(1);
    return;
  }
  before_step();
  if (s.steps_with != nullptr) s.steps_with->step();
  after_step();
  s.resting = rest();
}

at::Tensor Watch::step(const Closure& closure) {
  before_step();
  const at::Tensor loss = state_->steps_with != nullptr ? state_->steps_with->step(closure) : closure();
  after_step();
  return loss;
}

bool Watch::wants_second_forward() {
  State& s = *state_;
  if (!s.awake()) return false;
  const State::Spending spending(s);
  if (!s.planned) s.begin_step(true, true);
  return s.plan.second_forward || s.plan.taps;
}

RunRecord& Watch::record() { return *state_->record; }
const History& Watch::history() const { return state_->record->history(); }
Observer& Watch::observer() { return *state_->observer; }

void Watch::close() {
  State& s = *state_;
  if (!s.awake()) return;
  s.flush_log();
  RunResult result = s.result();
  s.forget_step();
  s.closed = true;
  if (!s.folder.empty()) s.record->finish(result);
}

}  // namespace thalweg
