// How much tensor memory a stretch of code takes on this thread: what it keeps, and its peak. By the hook that torch's
// own profiler uses; nothing is slowed that does not allocate.
#pragma once

#include <cstdint>
#include <memory>

namespace thalweg {

class AllocationMeter {
 public:
  AllocationMeter();
  ~AllocationMeter();
  AllocationMeter(const AllocationMeter&) = delete;
  AllocationMeter& operator=(const AllocationMeter&) = delete;

  std::int64_t kept() const;  // bytes allocated and not freed since
  std::int64_t peak() const;  // most at any time

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
