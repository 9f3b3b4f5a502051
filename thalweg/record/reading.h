// What an instrument says: one measured value at one step.
#pragma once

#include <cstdint>
#include <limits>

#include "thalweg/record/quantity.h"

namespace thalweg {

// A scope is the whole model or a named part of it (a parameter, a layer). Names are kept once per run, in a
// ScopeTable; readings carry the number.
using Scope = std::uint16_t;
inline constexpr Scope kWholeModel = 0;

struct Reading {
  std::int64_t step = 0;                                  // optimizer steps made before this one: the first step is 0
  double value = 0.0;                                     // in the quantity's unit; NaN and infinities are data
  float error = std::numeric_limits<float>::quiet_NaN();  // half-width of the error bar; NaN: none was computed
  float cost = 0.0F;                                      // gradient units; 0 for what the loop has anyway
  Quantity quantity = Quantity::loss;
  Scope scope = kWholeModel;
};

// Where readings go. Implementations: the store's writer, a History, both.
class ReadingSink {
 public:
  virtual ~ReadingSink() = default;
  virtual void put(const Reading& reading) = 0;
};

}  // namespace thalweg
