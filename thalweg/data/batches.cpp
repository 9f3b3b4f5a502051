#include "thalweg/data/batches.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "thalweg/data/prefetcher.h"
#include "thalweg/data/random.h"
#include "thalweg/record/error.h"

namespace thalweg {

struct Batches::State {
  std::shared_ptr<const Part> part;
  Options options;
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  std::int64_t epoch = -1;  // whose permutation `order` is
  at::Tensor order;         // [rows] int64
  std::optional<Prefetcher> prefetcher;

  // One batch of all rows needs no other order.
  bool in_file_order() const { return !options.shuffle || options.size >= rows; }
  void check(std::int64_t number) const {
    if (number < 0 || number >= batches) throw std::out_of_range(fmt::format("batch {} of {}", number, batches));
  }
  std::int64_t first(std::int64_t number) const { return number * options.size; }
  std::int64_t count(std::int64_t number) const { return std::min(options.size, rows - first(number)); }
  at::Tensor index(std::int64_t wanted_epoch, std::int64_t number);
};

at::Tensor Batches::State::index(std::int64_t wanted_epoch, std::int64_t number) {
  if (in_file_order()) return at::arange(first(number), first(number) + count(number), at::kLong);
  if (wanted_epoch != epoch) {
    at::Tensor fresh = at::arange(rows, at::kLong);  // a new tensor: the thread may still read the old one
    Random(options.seed, Stream::batch_order, static_cast<std::uint64_t>(wanted_epoch))
        .shuffle({fresh.data_ptr<std::int64_t>(), static_cast<std::size_t>(rows)});
    order = std::move(fresh);
    epoch = wanted_epoch;
  }
  return order.narrow(0, first(number), count(number));
}

Batches::Batches(std::shared_ptr<const Part> part, Options options) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.part = std::move(part);
  s.options = options;
  s.rows = s.part->rows();
  if (options.size < 0) throw UsageError(fmt::format("batch.size = {}: must be 0 (all rows) or more", options.size));
  if (options.drop_last && options.size > s.rows) {
    throw UsageError(
        fmt::format("batch.drop_last: the part has {} rows, fewer than batch.size = {}, so that no batch is left",
                    s.rows, options.size));
  }
  if (options.size == 0 || options.size > s.rows) s.options.size = s.rows;
  const bool last = s.rows % s.options.size != 0 && !options.drop_last;
  s.batches = s.rows / s.options.size + (last ? 1 : 0);
  if (s.part->slow_to_gather() && s.batches > 1) s.prefetcher.emplace(s.part);
}

Batches::~Batches() = default;

std::int64_t Batches::per_epoch() const { return state_->batches; }

at::Tensor Batches::index(std::int64_t epoch, std::int64_t number) {
  state_->check(number);
  return state_->index(epoch, number).clone();
}

Batch Batches::at(std::int64_t epoch, std::int64_t number) {
  State& s = *state_;
  s.check(number);
  if (!s.prefetcher) {
    return s.in_file_order() ? s.part->slice(s.first(number), s.count(number)) : s.part->gather(s.index(epoch, number));
  }
  std::optional<Batch> ready = s.prefetcher->take({epoch, number});
  Batch batch = ready ? std::move(*ready) : s.part->gather(s.index(epoch, number));
  if (number + 1 < s.batches) s.prefetcher->start({epoch, number + 1}, s.index(epoch, number + 1));
  return batch;
}

}  // namespace thalweg
