#include "thalweg/observe/observer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace thalweg {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<Needs> needs_of(const std::vector<std::unique_ptr<Instrument>>& instruments) {
  std::vector<Needs> result;
  for (const auto& instrument : instruments) result.push_back(instrument->needs());
  return result;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Observer::Observer(std::vector<std::unique_ptr<Instrument>> instruments, BudgetScheduler::Options options,
                   std::function<void(const std::string&)> warn)
    : scheduler_(options, needs_of(instruments)), warn_(std::move(warn)) {
  for (auto& instrument : instruments) {
    const Needs needs = instrument->needs();
    places_.push_back({std::move(instrument), needs});
  }
}

Observer::Plan Observer::plan(std::int64_t step) {
  Plan plan;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    place.due = !place.quarantined && scheduler_.due(i, step);
    if (!place.due) continue;
    plan.graph |= place.needs.graph;
    plan.second_forward |= place.needs.second_forward;
  }
  return plan;
}

template <class Turn>
void Observer::each(bool last, Turn turn) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (!place.due) continue;
    const auto start = Clock::now();
    try {
      turn(*place.instrument);
    } catch (const std::exception& error) {
      place.quarantined = true;
      place.due = false;
      warn_(fmt::format("instrument {} failed and gets no further turn, training goes on: {}", place.instrument->name(),
                        first_line(error.what())));
    }
    const double seconds = seconds_since(start);
    scheduler_.spent(i, seconds, last);
    this_step_ += seconds;
  }
}

void Observer::before_backward(const Step& step) {
  each(false, [&](Instrument& instrument) { instrument.before_backward(step); });
}

void Observer::after_backward(const Step& step, ReadingSink& out) {
  each(false, [&](Instrument& instrument) { instrument.after_backward(step, out); });
}

void Observer::after_update(const Step& step, ReadingSink& out) {
  each(true, [&](Instrument& instrument) { instrument.after_update(step, out); });
}

void Observer::stepped(double seconds) {
  scheduler_.trained(seconds - this_step_);
  this_step_ = 0.0;
}

double Observer::spent_seconds() const {
  double all = 0.0;
  for (std::size_t i = 0; i < places_.size(); ++i) all += scheduler_.spent(i);
  for (const auto& [name, seconds] : other_) all += seconds;
  return all;
}

double Observer::share() const { return scheduler_.trained() > 0.0 ? spent_seconds() / scheduler_.trained() : 0.0; }

std::map<std::string, double> Observer::share_by_instrument() const {
  std::map<std::string, double> result;
  const double trained = scheduler_.trained();
  if (trained <= 0.0) return result;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    result[std::string(places_[i].instrument->name())] = scheduler_.spent(i) / trained;
  }
  for (const auto& [name, seconds] : other_) result[name] += seconds / trained;
  return result;
}

}  // namespace thalweg
