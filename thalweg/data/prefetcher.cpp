#include "thalweg/data/prefetcher.h"

#include <ATen/ATen.h>

namespace thalweg {

Prefetcher::Prefetcher(std::shared_ptr<const Part> part) : part_(std::move(part)), thread_([this] { work(); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::start(Place place, at::Tensor index) {
  {
    const std::lock_guard lock(mutex_);
    place_ = place;
    order_ = std::move(index);
  }
  changed_.notify_all();
}

std::optional<Batch> Prefetcher::take(Place place) {
  std::unique_lock lock(mutex_);
  if (!place_) return std::nullopt;
  changed_.wait(lock, [this] { return ready_ || failure_; });
  const bool wanted = *place_ == place;
  place_.reset();
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  std::optional<Batch> batch = std::exchange(ready_, std::nullopt);
  if (failure && wanted) std::rethrow_exception(failure);
  return wanted ? std::move(batch) : std::nullopt;
}

void Prefetcher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return order_ || stopping_; });
    if (stopping_) return;
    const at::Tensor index = *std::exchange(order_, std::nullopt);
    lock.unlock();
    std::optional<Batch> batch;
    std::exception_ptr failure;
    try {
      batch = part_->gather(index);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    ready_ = std::move(batch);
    failure_ = failure;
    changed_.notify_all();
  }
}

}  // namespace thalweg
