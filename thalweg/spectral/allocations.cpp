#include "thalweg/spectral/allocations.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>

namespace thalweg {
namespace {

struct Counter final : c10::MemoryReportingInfoBase {
  std::int64_t now = 0;
  std::int64_t most = 0;
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t, c10::Device) override {
    now += bytes;  // negative where memory is freed
    most = std::max(most, now);
  }
  bool memoryProfilingEnabled() const override { return true; }
};

}  // namespace

struct AllocationMeter::State {
  std::shared_ptr<Counter> counter = std::make_shared<Counter>();
  c10::DebugInfoGuard guard{c10::DebugInfoKind::PROFILER_STATE, counter};
};

AllocationMeter::AllocationMeter() : state_(std::make_unique<State>()) {}
AllocationMeter::~AllocationMeter() = default;
std::int64_t AllocationMeter::kept() const { return state_->counter->now; }
std::int64_t AllocationMeter::peak() const { return state_->counter->most; }

}  // namespace thalweg
