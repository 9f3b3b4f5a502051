#include "thalweg/spectral/allocations.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>

extern int FLAGS_caffe2_log_level;  // of libc10, which declares it in no header

namespace thalweg {
namespace {

// torch warns of each thousandth block that is freed here and was allocated before: it is counted all the same.
class Quiet {
 public:
  Quiet() { FLAGS_caffe2_log_level = std::max(before_, kErrors); }
  ~Quiet() { FLAGS_caffe2_log_level = before_; }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  static constexpr int kErrors = 2;
  int before_ = FLAGS_caffe2_log_level;
};

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
  Quiet quiet;
  std::shared_ptr<Counter> counter = std::make_shared<Counter>();
  c10::DebugInfoGuard guard{c10::DebugInfoKind::PROFILER_STATE, counter};
};

AllocationMeter::AllocationMeter() : state_(std::make_unique<State>()) {}
AllocationMeter::~AllocationMeter() = default;
std::int64_t AllocationMeter::kept() const { return state_->counter->now; }
std::int64_t AllocationMeter::peak() const { return state_->counter->most; }

}  // namespace thalweg
