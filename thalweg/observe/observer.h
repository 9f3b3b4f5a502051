// The instruments of a run together: asks which are due, gives each its turn, counts what it took, and quarantines the
// ones that fail.
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
  // `warn` is called once for an instrument that fails; it gets no further turn, and the run goes on.
  Observer(std::vector<std::unique_ptr<Instrument>> instruments, BudgetScheduler::Options options,
           std::function<void(const std::string&)> warn);

  struct Plan {
    bool graph = false;           // keep the graph of the backward
    bool second_forward = false;  // be able to repeat the forward
  };
  Plan plan(std::int64_t step);  // decides who is due

  void before_backward(const Step& step);
  void after_backward(const Step& step, ReadingSink& out);
  void after_update(const Step& step, ReadingSink& out);
  // Ends the step, which took `seconds` with the instruments' turns in it.
  void stepped(double seconds);
  // Other time of this step that went into looking ("checks"), counted with the instruments.
  void also_spent(const std::string& name, double seconds) {
    other_[name] += seconds;
    this_step_ += seconds;
  }

  double share() const;
  std::map<std::string, double> share_by_instrument() const;
  double spent_seconds() const;
  double left_seconds() const { return scheduler_.allowed() - spent_seconds(); }  // of the budget

 private:
  struct Place {
    std::unique_ptr<Instrument> instrument;
    Needs needs;
    bool due = false;
    bool quarantined = false;
  };
  template <class Turn>
  void each(bool last, Turn turn);

  std::vector<Place> places_;
  BudgetScheduler scheduler_;
  std::function<void(const std::string&)> warn_;
  std::map<std::string, double> other_;
  double this_step_ = 0.0;  // seconds of instruments in the step under way
};

}  // namespace thalweg
