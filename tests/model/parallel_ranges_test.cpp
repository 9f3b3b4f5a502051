#include "thalweg/model/parallel_ranges.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

class ParallelRanges : public ::testing::Test {
 protected:
  ~ParallelRanges() override { at::set_num_threads(threads_); }
  int threads_ = at::get_num_threads();
};

TEST_F(ParallelRanges, TakesEachTurnOnce) {
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    for (const std::int64_t count : {0, 1, 7, 100, 100000}) {
      std::vector<std::atomic<int>> turns(static_cast<std::size_t>(count));
      parallel_ranges(count, 3, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) ++turns[static_cast<std::size_t>(i)];
      });
      for (const std::atomic<int>& turn : turns) ASSERT_EQ(turn, 1);
    }
  }
}

TEST_F(ParallelRanges, RunsInSeveralThreads) {
  at::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> workers;
  parallel_ranges(1000, 10, [&](std::int64_t, std::int64_t) {
    const std::lock_guard lock(mutex);
    workers.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(workers.size(), 2U);
}

TEST_F(ParallelRanges, HandsErrorsOn) {
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    EXPECT_THROW(parallel_ranges(1000, 10, [](std::int64_t, std::int64_t) { throw std::runtime_error("no"); }),
                 std::runtime_error);
  }
}

}  // namespace
}  // namespace thalweg
