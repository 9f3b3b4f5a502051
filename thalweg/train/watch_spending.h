// Time that a member function of Watch takes: spent on looking, and not on training.
#pragma once

#include "thalweg/train/watch_state.h"

namespace thalweg {

class Watch::State::Spending {
 public:
  explicit Spending(State& state) : state_(state), turns_(state.observer->turn_seconds()) {}
  ~Spending() {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count() + state_.options.call_seconds;
    const double turns = state_.observer->turn_seconds() - turns_;
    state_.spent_since += seconds;
    state_.spent_now += seconds - turns;
    state_.observer->also_spent("watch", seconds - turns);
  }
  Spending(const Spending&) = delete;
  Spending& operator=(const Spending&) = delete;

 private:
  State& state_;
  double turns_;
  Clock::time_point start_ = Clock::now();
};

// What is done for instruments that are due is theirs.
class Watch::State::Preparing {
 public:
  Preparing(State& state, bool (*asks)(const Needs&)) : state_(state), asks_(asks) {}
  ~Preparing() { state_.observer->charge(asks_, std::chrono::duration<double>(Clock::now() - start_).count()); }
  Preparing(const Preparing&) = delete;
  Preparing& operator=(const Preparing&) = delete;

 private:
  State& state_;
  bool (*asks_)(const Needs&);
  Clock::time_point start_ = Clock::now();
};

}  // namespace thalweg
