#include "thalweg/observe/budget.h"

#include <algorithm>
#include <utility>

namespace thalweg {
namespace {

constexpr double kBucket = 0.01;  // seconds: what is spent within is one entry of the last minute

}  // namespace

BudgetScheduler::BudgetScheduler(Options options, std::vector<Needs> needs)
    : options_(options), needs_(std::move(needs)), ledger_(needs_.size()) {}

double BudgetScheduler::expected(std::size_t instrument) const {
  constexpr double kFirstTurn = 2.0;
  const Ledger& ledger = ledger_[instrument];
  return ledger.turns > 0 ? ledger.expected : kFirstTurn * needs_[instrument].gradient_units * step_seconds();
}

bool BudgetScheduler::due(std::size_t instrument, std::int64_t step) const {
  const Ledger& ledger = ledger_[instrument];
  if (ledger.dropped) return false;
  if (options_.cadence > 0) return step % options_.cadence == 0;
  if (steps_ == 0 || options_.budget <= 0.0) return false;  // nothing is known of a step's time yet
  const double price = expected(instrument);
  if (ledger.turns == 0) return first_ + price <= options_.first * trained_;
  return ledger.saved >= wanted(instrument) && fits(price) && !is_before(instrument);
}

double BudgetScheduler::wanted(std::size_t instrument) const {
  return ledger_[instrument].stretch * expected(instrument);
}

// Whether another one has waited longer for its price, and what is left is not enough for both.
bool BudgetScheduler::is_before(std::size_t instrument) const {
  const double price = expected(instrument), waited = ledger_[instrument].saved / wanted(instrument);
  for (std::size_t i = 0; i < ledger_.size(); ++i) {
    const Ledger& other = ledger_[i];
    if (i == instrument || other.dropped || other.turns == 0) continue;
    const double others = expected(i);
    const double ready = other.saved / wanted(i);
    if (ready >= 1.0 && ready > waited && fits(others) && !fits(price + others)) return true;
  }
  return false;
}

bool BudgetScheduler::fits(double seconds) const {
  constexpr double kRounding = 1.0 + 1e-12;
  return charged_ + seconds <= kRounding * options_.budget * trained_ &&
         last_minute_ + seconds <= kRounding * options_.budget * options_.minute;
}

double BudgetScheduler::left() const {
  return std::max(0.0,
                  std::min(options_.budget * trained_ - charged_, options_.budget * options_.minute - last_minute_));
}

void BudgetScheduler::charge(double seconds) {
  charged_ += seconds;
  last_minute_ += seconds;
  const double now = trained_ + charged_;
  if (recent_.empty() || recent_.back().first < now - kBucket) recent_.emplace_back(now, 0.0);
  recent_.back().second += seconds;
}

void BudgetScheduler::spent(std::size_t instrument, double seconds, bool turn_ended) {
  Ledger& ledger = ledger_[instrument];
  ledger.spent += seconds;
  ledger.turn += seconds;
  if (!turn_ended) return;
  const bool first = ledger.turns == 0 && options_.cadence == 0;
  if (first) {
    first_ += ledger.turn;
  } else {
    charge(ledger.turn);
    ledger.saved -= ledger.turn;
  }
  // The slow turns fade by a tenth, so that one hiccup of the machine does not silence an instrument for good.
  ledger.expected = std::max(ledger.turn, 0.9 * ledger.expected);
  ledger.turn = 0.0;
  ++ledger.turns;
}

void BudgetScheduler::kept_books(double seconds) {
  books_ += seconds;
  charge(seconds);
}

void BudgetScheduler::trained(double seconds) { trained(seconds, 1); }

void BudgetScheduler::trained(double seconds, std::int64_t steps) {
  trained_ += seconds;
  steps_ += steps;
  if (steps == 1) slowest_ = std::max(slowest_, seconds);
  share_out(options_.budget * seconds);
  while (!recent_.empty() && recent_.front().first + kBucket < trained_ + charged_ - options_.minute) {
    last_minute_ -= recent_.front().second;
    recent_.pop_front();
  }
}

// What the keeping of books takes comes off the top: saving is bounded by what the promise leaves.
void BudgetScheduler::share_out(double seconds) {
  const auto takes = [&](std::size_t i) {
    return !ledger_[i].dropped && ledger_[i].turns > 0 && ledger_[i].saved < 2.0 * wanted(i);
  };
  double shares = 0.0;
  for (std::size_t i = 0; i < ledger_.size(); ++i) shares += takes(i) ? needs_[i].share * ledger_[i].attention : 0.0;
  if (shares <= 0.0) return;
  for (std::size_t i = 0; i < ledger_.size(); ++i) {
    if (takes(i)) ledger_[i].saved += seconds * needs_[i].share * ledger_[i].attention / shares;
  }
}

}  // namespace thalweg
