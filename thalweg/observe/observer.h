// The instruments of a run together: asks which are due, gives each its turn, counts what it took, and quarantines the
// ones that fail.
//
// An instrument fails that throws, says a value that is not finite of a step whose loss and gradient are, or allocates
// more than its limit. It gets no further turn, one warning is given, and the run goes on.
//
// A turn is slow that takes a second and eight times what the instrument said that it costs at most. Machines have
// hiccups: after one such turn it is told, and waits twice as long for the next; after two in a row, or one longer than
// the budget of a minute, it gets no further turn. With a fixed cadence it is told once, and keeps its turns. Where a
// network has no second derivative, all instruments that need one are given up together, with the operation's name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/observe/budget.h"
#include "thalweg/observe/instrument.h"

namespace thalweg {

class Observer {
 public:
  struct Options {
    double budget = 0.03;
    std::int64_t cadence = 0;
    std::int64_t memory_limit = std::int64_t{1} << 30;                         // bytes that a turn may allocate
    std::function<void(const std::string&)> warn = [](const std::string&) {};  // once an instrument
  };
  Observer(std::vector<std::unique_ptr<Instrument>> instruments, Options options);

  // What the loop can give on a step; an instrument that needs more is not due.
  struct Offers {
    bool graph = true;
    bool gradient = true;
    bool update = true;
    bool second_forward = true;
    bool taps = true;
    bool several_backwards = true;  // a step is made of
    bool free_sums = false;         // the optimizer says them: instruments that need no more are due on each step
  };
  Needs plan(std::int64_t step, const Offers& offers);  // decides who is due; what they need, taken together

  bool expects_next() const;  // whether somebody who has seen this step must see the next one

  void before_backward(const Step& step);
  void after_backward(const Step& step, bool last, ReadingSink& out);
  void after_update(const Step& step, ReadingSink& out);
  // What was done for those who are due and for whom `asks` holds took so long: it is theirs, in equal parts.
  void charge(bool (*asks)(const Needs&), double seconds);
  bool asked(bool (*asks)(const Needs&)) const;  // whether there are any
  void cancel(const Needs& needs);               // whoever needs any of these is not due after all
  // The training of a step, or of several, without anything spent here.
  void trained(double seconds, std::int64_t steps = 1) { scheduler_.trained(seconds, steps); }
  // Other time that went into looking ("watch"), counted with the instruments.
  void also_spent(const std::string& name, double seconds);
  // These so many times as much as usual, the others as usual.
  void attend(const std::map<std::string_view, double>& factors);
  void give_up(const Needs& needs);  // for the rest of the run: whoever needs any of these

  double share() const;  // of the training time, first turns aside
  std::map<std::string, double> share_by_instrument() const;
  std::map<std::string, std::int64_t> turns() const;
  double spent_seconds() const;                              // first turns included
  double left_seconds() const { return scheduler_.left(); }  // of the budget
  double turn_seconds() const { return turned_; }            // of these, in turns
  std::int64_t peak_bytes() const { return peak_bytes_; }
  const BudgetScheduler& scheduler() const { return scheduler_; }

 private:
  struct Place {
    std::unique_ptr<Instrument> instrument;
    Needs needs;
    bool due = false;
    bool again = false;        // the second of two steps
    bool slow = false;         // the turn under way
    bool slow_before = false;  // the turn before
    bool told = false;         // that it is slow
    bool quarantined = false;
  };
  template <class Turn>
  void each(const Step& step, bool last, Turn turn);
  template <class Turn>
  std::string failure(Place& place, const Step& step, Turn turn);  // "" where all is well
  void quarantine(std::size_t place, const std::string& why);
  bool is_slow(const Place& place, double seconds) const;
  void bear_with(std::size_t place, double seconds);  // a slow turn

  std::vector<Place> places_;
  BudgetScheduler scheduler_;
  Options options_;
  std::map<std::string, double> other_;
  double turned_ = 0.0;
  std::int64_t peak_bytes_ = 0;
};

}  // namespace thalweg
