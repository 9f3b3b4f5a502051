#include "thalweg/store/fork_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace thalweg {
namespace {

constexpr std::size_t kBytes = 4096;

}  // namespace

ForkGuard::ForkGuard() {
  void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  wiped_ = madvise(memory, kBytes, MADV_WIPEONFORK) == 0;
  page_ = new (memory) std::atomic<int>(getpid());
}

ForkGuard::~ForkGuard() { munmap(page_, kBytes); }

bool ForkGuard::same_process() const { return page_->load(std::memory_order_relaxed) == getpid(); }

}  // namespace thalweg
