// A first scheduler: it measures what instruments really take and keeps each inside its share of the user's budget.
//
// An instrument with share w is due when   spent + expected ≤ w · budget · trained,   all in seconds of this run;
// `expected` is the longest of its last turns, or, before the first, its cost in gradient units times the measured time
// of a step (twice, to be safe). With a fixed cadence instead, every instrument is due on every cadence-th step, and
// the readings are reproducible.
#pragma once

#include <cstdint>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

class BudgetScheduler {
 public:
  struct Options {
    double budget = 0.03;      // share of the training time, instruments not counted
    std::int64_t cadence = 0;  // steps; > 0: instead of the budget
  };
  BudgetScheduler(Options options, std::vector<Needs> needs);

  bool due(std::size_t instrument, std::int64_t step) const;
  void spent(std::size_t instrument, double seconds, bool turn_ended);
  void trained(double seconds);  // one step, without instruments

  double spent(std::size_t instrument) const { return ledger_[instrument].spent; }
  double trained() const { return trained_; }
  double allowed() const { return options_.budget * trained_; }  // seconds, for all together
  double share() const;                                          // spent over trained, all instruments

 private:
  struct Ledger {
    double spent = 0.0;
    double turn = 0.0;      // of the turn under way
    double expected = 0.0;  // 0: never had a turn
  };
  Options options_;
  std::vector<Needs> needs_;
  std::vector<Ledger> ledger_;
  double trained_ = 0.0;
  std::int64_t steps_ = 0;
};

}  // namespace thalweg
