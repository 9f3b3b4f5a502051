// The order in which batches come: a function of (seed, epoch, number), without history, so that a resumed run goes on
// in the middle of an epoch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "thalweg/data/dataset.h"

namespace thalweg {

class Batches {
 public:
  struct Options {
    std::int64_t size = 128;  // rows; 0: the whole part
    bool shuffle = true;      // a new permutation each epoch; without: the file's own order
    bool drop_last = false;   // leave out a last batch with fewer rows
    std::uint64_t seed = 0;
  };
  Batches(std::shared_ptr<const Part> part, Options options);
  ~Batches();

  std::int64_t per_epoch() const;
  // The batch at position `number` (0 … per_epoch()-1) of `epoch`. Asking in order is cheap (the next one may be
  // prefetched by a thread where the part is slow to gather); any other order is right too.
  Batch at(std::int64_t epoch, std::int64_t number);
  // Row numbers of that batch: [rows] int64.
  at::Tensor index(std::int64_t epoch, std::int64_t number);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
