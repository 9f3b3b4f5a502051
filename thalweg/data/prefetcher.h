// One batch ahead, gathered by a thread of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "thalweg/data/dataset.h"

namespace thalweg {

class Prefetcher {
 public:
  using Place = std::pair<std::int64_t, std::int64_t>;  // epoch, number

  explicit Prefetcher(std::shared_ptr<const Part> part);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Begins to gather the rows `index`, which nobody may change. take() must have been called since the last start().
  void start(Place place, at::Tensor index);
  // The batch that was begun, once it is there; none where another one was begun, or none. Rethrows what went wrong.
  std::optional<Batch> take(Place place);

 private:
  void work();

  std::shared_ptr<const Part> part_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<at::Tensor> order_;  // to be gathered
  std::optional<Place> place_;       // what is being gathered, or ready
  std::optional<Batch> ready_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace thalweg
