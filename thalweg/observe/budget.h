// Who may look, and when: the user's budget shared out among the instruments by what they cost here.
//
// While the training goes on for dt seconds, budget · dt flows to the instruments by their shares (more to those that
// somebody attends to; nothing to one that has saved up twice its price). An instrument is due when
//     what it saved ≥ expected (twice that after a slow turn)       its turn in the order of value and age
//     spent + expected ≤ budget · trained                           the promise, over the run
//     spent in the last minute + expected ≤ budget · 60 s           and over any minute of it
// in seconds; `expected` is the longest of its last turns, or, before the first, its cost in gradient units times the
// measured time of a step. First turns are aside: their cost is unknown, and a short run should have them; together
// they stay below `first` of the time trained so far. With a fixed cadence instead, everyone is due on every cadence-th
// step, and the readings are reproducible.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "thalweg/observe/instrument.h"

namespace thalweg {

class BudgetScheduler {
 public:
  struct Options {
    double budget = 0.03;      // share of the training time, instruments not counted
    std::int64_t cadence = 0;  // steps; > 0: instead of the budget
    double first = 0.1;        // share of the training time that first turns together may take
    double minute = 60.0;      // seconds
  };
  BudgetScheduler(Options options, std::vector<Needs> needs);

  bool due(std::size_t instrument, std::int64_t step) const;
  void spent(std::size_t instrument, double seconds, bool turn_ended);
  void kept_books(double seconds);  // spent on looking, but by no instrument's turn
  void trained(double seconds);     // one step, without anything spent
  void trained(double seconds, std::int64_t steps);
  void attend(std::size_t instrument, double factor) { ledger_[instrument].attention = factor; }
  void stretch(std::size_t instrument, double factor) { ledger_[instrument].stretch = factor; }  // its intervals
  void drop(std::size_t instrument) { ledger_[instrument].dropped = true; }  // its share is the others'

  double spent(std::size_t instrument) const { return ledger_[instrument].spent; }  // its first turn included
  std::int64_t turns(std::size_t instrument) const { return ledger_[instrument].turns; }
  double expected(std::size_t instrument) const;
  double trained() const { return trained_; }
  double step_seconds() const { return steps_ > 0 ? trained_ / static_cast<double>(steps_) : 0.0; }
  double slowest_step() const { return slowest_; }  // seconds, of those that were timed by themselves
  double first() const { return first_; }           // seconds that first turns took
  double promised() const { return charged_; }      // seconds spent under the promise: without the first turns
  double left() const;                              // of the budget
  double most() const { return options_.budget * options_.minute; }  // seconds: a turn beyond them does not come again
  bool fixed() const { return options_.cadence > 0; }
  double books() const { return books_; }

 private:
  struct Ledger {
    double spent = 0.0;
    double turn = 0.0;      // of the turn under way
    double expected = 0.0;  // 0: never had a turn
    double saved = 0.0;
    double attention = 1.0;
    double stretch = 1.0;
    std::int64_t turns = 0;
    bool dropped = false;
  };
  bool fits(double seconds) const;
  double wanted(std::size_t instrument) const;  // what it must have saved
  bool is_before(std::size_t instrument) const;
  void charge(double seconds);
  void share_out(double seconds);

  Options options_;
  std::vector<Needs> needs_;
  std::vector<Ledger> ledger_;
  std::deque<std::pair<double, double>> recent_;  // when (trained and spent so far), seconds
  double trained_ = 0.0, charged_ = 0.0, first_ = 0.0, books_ = 0.0, last_minute_ = 0.0, slowest_ = 0.0;
  std::int64_t steps_ = 0;
};

}  // namespace thalweg
