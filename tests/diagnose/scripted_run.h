// Runs made by formula, for tests of single checks.
#pragma once

#include <functional>
#include <limits>
#include <string>

#include "thalweg/diagnose/history.h"

namespace thalweg {

// Puts readings step by step: a test says what it needs, nothing else is there.
class ScriptedRun {
 public:
  using Formula = std::function<double(std::int64_t)>;

  ScriptedRun& before(Quantity quantity, double value) { return at(0, quantity, value); }
  ScriptedRun& at(std::int64_t step, Quantity quantity, double value, const std::string& scope = "") {
    history.put({.step = step, .value = value, .quantity = quantity, .scope = history.scopes_table.number(scope)});
    return *this;
  }
  ScriptedRun& each(std::int64_t steps, Quantity quantity, const Formula& formula, std::int64_t every = 1) {
    for (std::int64_t step = 0; step < steps; step += every) at(step, quantity, formula(step));
    return *this;
  }

  History history;
};

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace thalweg
