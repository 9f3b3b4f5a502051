// Tells a process from its forked children, in a nanosecond: a page of memory that the kernel wipes in the child.
#pragma once

#include <atomic>

namespace thalweg {

class ForkGuard {
 public:
  ForkGuard();
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  // True in the process that made this, false in its forked children.
  bool here() const { return page_->load(std::memory_order_relaxed) != 0 && (wiped_ || same_process()); }

 private:
  bool same_process() const;

  std::atomic<int>* page_;
  bool wiped_ = false;  // false on kernels before 4.14: then the process id is asked for, which takes 100 times longer
};

}  // namespace thalweg
