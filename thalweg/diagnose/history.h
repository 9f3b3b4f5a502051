// The readings of a run as the checks see them: one series a quantity and scope, in order of steps.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/record/reading.h"
#include "thalweg/record/run.h"
#include "thalweg/record/scope_table.h"

namespace thalweg {

struct Point {
  std::int64_t step = 0;
  double value = 0.0;
  float error = 0.0F;      // NaN where none was computed
};

class History final : public ReadingSink {
 public:
  void put(const Reading& reading) override;
  std::span<const Point> series(Quantity quantity, Scope scope = kWholeModel) const;   // empty when nothing was measured
  // Scopes in which a quantity was measured, in order.
  std::vector<Scope> scopes(Quantity quantity) const;
  std::int64_t last_step() const { return last_step_; }

  RunHeader header;
  ScopeTable scopes_table;
  std::vector<Action> actions;

 private:
  std::map<std::pair<Quantity, Scope>, std::vector<Point>> series_;
  std::int64_t last_step_ = -1;
};

}  // namespace thalweg
