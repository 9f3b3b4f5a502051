// The readings of a run as the checks see them: one series a quantity and scope, in order of steps.
//
// Memory is bounded: a series holds every point of a run's first 32768 readings; from then on its older half is thinned
// to every second point whenever it is full. The last 16384 readings are always complete, the run's beginning is seen
// ever more coarsely, and the first point and the first that is not finite stay. 24 bytes a point.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "thalweg/record/reading.h"
#include "thalweg/record/run.h"
#include "thalweg/record/scope_table.h"

namespace thalweg {

struct Point {
  std::int64_t step = 0;
  double value = 0.0;
  float error = 0.0F;  // NaN where none was computed
};

class History final : public ReadingSink {
 public:
  static constexpr std::size_t kMostPoints = 1 << 15;  // of one series

  void put(const Reading& reading) override;
  std::span<const Point> series(Quantity quantity, Scope scope = kWholeModel) const;  // empty when nothing was measured
  // Scopes in which a quantity was measured, in order.
  std::vector<Scope> scopes(Quantity quantity) const;
  std::int64_t last_step() const { return last_step_; }

  RunHeader header;
  ScopeTable scopes_table;
  std::vector<Action> actions;

 private:
  // By quantity, then by scope: put() runs some 25 times a step, and finds its series without searching.
  std::array<std::vector<std::vector<Point>>, static_cast<std::size_t>(Quantity::count_)> series_;
  std::int64_t last_step_ = -1;
};

}  // namespace thalweg
