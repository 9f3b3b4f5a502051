#include "thalweg/observe/observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "thalweg/spectral/allocations.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr double kSlow = 1.0;  // seconds, and
constexpr double kDear = 8.0;  // times what the instrument said
constexpr double kLonger = 2.0;

std::vector<Needs> needs_of(const std::vector<std::unique_ptr<Instrument>>& instruments) {
  std::vector<Needs> result;
  for (const auto& instrument : instruments) result.push_back(instrument->needs());
  return result;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

bool any_of(const Needs& a, const Needs& b) {
  return (a.graph && b.graph) || (a.gradient && b.gradient) || (a.update && b.update) ||
         (a.second_forward && b.second_forward) || (a.taps && b.taps);
}

bool offered(const Needs& needs, const Observer::Offers& offers) {
  return (offers.graph || !needs.graph) && (offers.gradient || !needs.gradient) && (offers.update || !needs.update) &&
         (offers.second_forward || !needs.second_forward) && (offers.taps || !needs.taps) &&
         (offers.several_backwards || !needs.each_backward);
}

void add(const Needs& needs, Needs& all) {
  all.graph |= needs.graph;
  all.gradient |= needs.gradient;
  all.update |= needs.update;
  all.second_forward |= needs.second_forward;
  all.taps |= needs.taps;
  all.each_backward |= needs.each_backward;
  all.sums |= needs.sums;
}

// Hands readings on, and remembers the first that is not finite.
class Inspected final : public ReadingSink {
 public:
  explicit Inspected(ReadingSink& out) : out_(out) {}
  void put(const Reading& reading) override {
    if (!std::isfinite(reading.value) && bad_.empty()) bad_ = info(reading.quantity).name;
    out_.put(reading);
  }
  const std::string& bad() const { return bad_; }

 private:
  ReadingSink& out_;
  std::string bad_;
};

// A loss or a gradient that is not finite is the run's, not the instrument's.
bool finite(const Step& step) {
  if (!step.finite || !std::isfinite(step.loss) || !std::isfinite(step.objective)) return false;
  return std::all_of(step.sums.begin(), step.sums.end(), [](const StepSums& s) {
    return std::isfinite(s.gradient_sq + s.weight_sq + s.update_sq + s.gradient_update);
  });
}

}  // namespace

Observer::Observer(std::vector<std::unique_ptr<Instrument>> instruments, Options options)
    : scheduler_({.budget = options.budget, .cadence = options.cadence}, needs_of(instruments)),
      options_(std::move(options)) {
  for (auto& instrument : instruments) {
    const Needs needs = instrument->needs();
    places_.push_back({std::move(instrument), needs});
  }
}

Needs Observer::plan(std::int64_t step, const Offers& offers) {
  Needs all;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    const bool free = place.needs.sums && offers.free_sums;
    const bool second = std::exchange(place.again, false);
    place.due = !place.quarantined && offered(place.needs, offers) && (free || second || scheduler_.due(i, step));
    if (!place.due) continue;
    place.slow_before = std::exchange(place.slow, false);
    place.again = place.needs.two_steps && !second;
    add(place.needs, all);
  }
  return all;
}

bool Observer::expects_next() const {
  return std::any_of(places_.begin(), places_.end(), [](const Place& place) { return place.again; });
}

void Observer::quarantine(std::size_t i, const std::string& why) {
  Place& place = places_[i];
  place.quarantined = true;
  place.due = false;
  scheduler_.drop(i);
  options_.warn(fmt::format("instrument {} failed and gets no further turn, training goes on: {}",
                            place.instrument->name(), first_line(why)));
}

template <class Turn>
std::string Observer::failure(Place& place, const Step& step, Turn turn) {
  const AllocationMeter meter;
  try {
    const std::string bad = turn(*place.instrument);
    if (!bad.empty() && finite(step)) return fmt::format("it said a {} that is not finite", bad);
  } catch (const NoSecondDerivative& error) {
    give_up({.graph = true});
    options_.warn(
        fmt::format("what needs a second derivative of this network is left out, all else goes on; torch says: {}",
                    first_line(error.what())));
    return "";
  } catch (const std::exception& error) {
    return error.what()[0] == '\0' ? "it threw an exception without words" : error.what();
  } catch (...) {
    return "it threw something that is no exception";
  }
  peak_bytes_ = std::max(peak_bytes_, meter.peak());
  if (meter.peak() > options_.memory_limit) {
    return fmt::format("it allocated {} MB, and {} MB are allowed (memory_limit)", meter.peak() >> 20,
                       options_.memory_limit >> 20);
  }
  return "";
}

// A machine that stalls turns stalls steps, too.
bool Observer::is_slow(const Place& place, double seconds) const {
  if (place.quarantined || !(scheduler_.step_seconds() > 0.0)) return false;  // before a step there is no measure
  const double said = std::max(place.needs.gradient_units, place.needs.at_most) *
                      std::max(kDear * scheduler_.step_seconds(), scheduler_.slowest_step());
  return seconds > kSlow && seconds > said;
}

void Observer::bear_with(std::size_t i, double seconds) {
  Place& place = places_[i];
  if (place.slow) return;  // this turn was told of
  place.slow = true;
  const std::string took = fmt::format("a turn took {:.1f} s, over {:.0f} times what it should", seconds, kDear);
  if (scheduler_.fixed()) {
    if (!std::exchange(place.told, true)) {
      options_.warn(fmt::format("instrument {}: {}; the fixed cadence keeps it", place.instrument->name(), took));
    }
    return;
  }
  if (place.slow_before) return quarantine(i, took + ", as did the one before");
  if (seconds > scheduler_.most()) {
    return quarantine(i, fmt::format("{}, and more than the budget of a minute ({:.1f} s)", took, scheduler_.most()));
  }
  scheduler_.stretch(i, kLonger);
  options_.warn(fmt::format("instrument {}: {}; its next one comes later, and another such will be its last",
                            place.instrument->name(), took));
}

template <class Turn>
void Observer::each(const Step& step, bool last, Turn turn) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (!place.due) continue;
    const auto start = Clock::now();
    const std::string why = failure(place, step, turn);
    const double seconds = seconds_since(start);
    scheduler_.spent(i, seconds, last);
    turned_ += seconds;
    if (!why.empty()) {
      quarantine(i, why);
    } else if (is_slow(place, seconds)) {
      bear_with(i, seconds);
    }
    if (last && !place.slow) scheduler_.stretch(i, 1.0);
  }
}

void Observer::before_backward(const Step& step) {
  each(step, false, [&](Instrument& instrument) {
    instrument.before_backward(step);
    return std::string();
  });
}

void Observer::after_backward(const Step& step, bool last, ReadingSink& out) {
  each(step, false, [&](Instrument& instrument) {
    Inspected inspected(out);
    if (last || instrument.needs().each_backward) instrument.after_backward(step, inspected);
    return inspected.bad();
  });
}

void Observer::after_update(const Step& step, ReadingSink& out) {
  each(step, true, [&](Instrument& instrument) {
    Inspected inspected(out);
    instrument.after_update(step, inspected);
    return inspected.bad();
  });
}

bool Observer::asked(bool (*asks)(const Needs&)) const {
  return std::any_of(places_.begin(), places_.end(), [&](const Place& p) { return p.due && asks(p.needs); });
}

void Observer::charge(bool (*asks)(const Needs&), double seconds) {
  const auto theirs = [&](const Place& place) { return place.due && asks(place.needs); };
  const auto count = std::count_if(places_.begin(), places_.end(), theirs);
  if (count == 0) return;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (theirs(places_[i])) scheduler_.spent(i, seconds / static_cast<double>(count), false);
  }
  turned_ += seconds;
}

void Observer::cancel(const Needs& needs) {
  for (Place& place : places_) {
    if (any_of(place.needs, needs)) place.due = place.again = false;
  }
}

void Observer::give_up(const Needs& needs) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!any_of(places_[i].needs, needs)) continue;
    places_[i].quarantined = true;
    places_[i].due = false;
    scheduler_.drop(i);
  }
}

void Observer::also_spent(const std::string& name, double seconds) {
  other_[name] += seconds;
  scheduler_.kept_books(seconds);
}

void Observer::attend(const std::map<std::string_view, double>& factors) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto found = factors.find(places_[i].instrument->name());
    scheduler_.attend(i, found == factors.end() ? 1.0 : found->second);
  }
}

double Observer::share() const {
  return scheduler_.trained() > 0.0 ? scheduler_.promised() / scheduler_.trained() : 0.0;
}

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

std::map<std::string, std::int64_t> Observer::turns() const {
  std::map<std::string, std::int64_t> result;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    result[std::string(places_[i].instrument->name())] = scheduler_.turns(i);
  }
  return result;
}

double Observer::spent_seconds() const { return scheduler_.first() + scheduler_.promised(); }

}  // namespace thalweg
