#include "thalweg/observe/budget.h"

#include <algorithm>
#include <utility>

namespace thalweg {

BudgetScheduler::BudgetScheduler(Options options, std::vector<Needs> needs)
    : options_(options), needs_(std::move(needs)), ledger_(needs_.size()) {}

bool BudgetScheduler::due(std::size_t instrument, std::int64_t step) const {
  const Needs& needs = needs_[instrument];
  if (needs.every_step) return true;
  if (options_.cadence > 0) return step % options_.cadence == 0;
  if (steps_ == 0) return false;  // nothing is known of a step's time yet
  const Ledger& ledger = ledger_[instrument];
  constexpr double kFirstTurn = 2.0;
  const double step_seconds = trained_ / static_cast<double>(steps_);
  const double expected = ledger.expected > 0.0 ? ledger.expected : kFirstTurn * needs.gradient_units * step_seconds;
  return ledger.spent + expected <= needs.share * options_.budget * trained_;
}

void BudgetScheduler::spent(std::size_t instrument, double seconds, bool turn_ended) {
  Ledger& ledger = ledger_[instrument];
  ledger.spent += seconds;
  ledger.turn += seconds;
  if (!turn_ended) return;
  // The slow turns fade by a tenth, so that one hiccup of the machine does not silence an instrument for good.
  ledger.expected = std::max(ledger.turn, 0.9 * ledger.expected);
  ledger.turn = 0.0;
}

void BudgetScheduler::trained(double seconds) {
  trained_ += seconds;
  ++steps_;
}

double BudgetScheduler::share() const {
  double all = 0.0;
  for (const Ledger& ledger : ledger_) all += ledger.spent;
  return trained_ > 0.0 ? all / trained_ : 0.0;
}

}  // namespace thalweg
