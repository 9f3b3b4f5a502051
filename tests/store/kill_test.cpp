// kill -9 at any moment: the store opens, everything that was flushed is there with the right values, at most a second
// is lost, and the run can be taken up again.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using samples::Folder;
using namespace std::chrono_literals;

constexpr int kReadings = 25;

// What the child says of itself, in memory that the parent sees after the child's death.
struct Progress {
  std::atomic<std::int64_t> put = -1;      // the last step put
  std::atomic<std::int64_t> flushed = -1;  // the last step flushed
  std::atomic<bool> failed = false;
};

class SharedProgress {
 public:
  SharedProgress() {
    void* const memory = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    progress_ = new (memory) Progress;
  }
  ~SharedProgress() { munmap(progress_, sizeof(Progress)); }
  SharedProgress(const SharedProgress&) = delete;
  SharedProgress& operator=(const SharedProgress&) = delete;
  Progress* operator->() const { return progress_; }

 private:
  Progress* progress_;
};

struct ChildRun {
  StoreWriter::Options options;
  std::int64_t first_step = 0;
  int flush_every = 0;  // steps; 0 = never
  std::chrono::microseconds pause{0};
};

// Puts readings with known values until it is killed.
pid_t start_child(const std::filesystem::path& file, const ChildRun& run, const SharedProgress& progress) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    alarm(60);
    StoreWriter writer(file, samples::header(), run.options, run.first_step);
    for (std::int64_t step = run.first_step;; ++step) {
      for (const Reading& r : samples::step_readings(step, kReadings)) writer.put(r);
      progress->put = step;
      if (run.flush_every > 0 && step % run.flush_every == 0) {
        writer.flush();
        if (writer.failed()) break;
        progress->flushed = step;
      }
      if (run.pause.count() > 0) std::this_thread::sleep_for(run.pause);
    }
  } catch (const std::exception&) {
  }
  progress->failed = true;
  _exit(1);
}

void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

// The steps that are stored whole, from 0 on without a gap; -1: none. Fails on a wrong value.
std::int64_t last_whole_step(const std::filesystem::path& file) {
  const StoreReader reader(file);
  std::int64_t count = 0;
  std::int64_t last = -1;
  bool right = true;
  reader.for_each_reading([&](const Reading& r) {
    const std::size_t place = static_cast<std::size_t>(r.quantity);
    right = right && r.step == last + 1 && samples::same(r, samples::step_readings(r.step, kReadings)[place]);
    if (++count % kReadings == 0) ++last;
  });
  EXPECT_TRUE(right);
  return last;
}

TEST(StoreKill, At200MomentsLosesNothingThatWasFlushed) {
  std::mt19937 random(7);  // the moments; the rest is up to the scheduler
  std::unique_ptr<Folder> folder;
  std::int64_t next_step = 0;
  int with_readings = 0;
  for (int kill_number = 0; kill_number < 200; ++kill_number) {
    if (kill_number % 20 == 0) {
      folder = std::make_unique<Folder>();
      next_step = 0;
    }
    const auto file = *folder / "run.sqlite";
    const SharedProgress progress;
    const bool truncate = kill_number % 4 >= 2;
    const ChildRun run{
        .options = {.queue = 256,
                    .commit_seconds = 0.002,
                    .journal = truncate ? StoreWriter::Journal::truncate : StoreWriter::Journal::automatic},
        .first_step = next_step,
        .flush_every = 1 + static_cast<int>(random() % 20),
        .pause = 50us};
    const pid_t child = start_child(file, run, progress);
    // Every other one while the store is being made or opened, the rest while it is at work.
    while (kill_number % 2 == 0 && progress->put < 0 && !progress->failed) std::this_thread::sleep_for(100us);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    end(child);
    ASSERT_FALSE(progress->failed) << "kill " << kill_number;
    if (progress->put < 0) continue;  // killed before the first step: the file may not be a store yet
    const std::int64_t stored = last_whole_step(file);
    ASSERT_GE(stored, progress->flushed) << "kill " << kill_number;
    ASSERT_LE(stored, progress->put + 1) << "kill " << kill_number;  // committed before the child could say so
    ++with_readings;
    // The next one goes on from a checkpoint, which may be older than what is stored.
    next_step = std::max<std::int64_t>(0, stored + 1 - static_cast<std::int64_t>(random() % 5));
  }
  EXPECT_GE(with_readings, 100) << "too few kills met a store at work to say anything";
}

TEST(StoreKill, LosesAtMostASecondOfReadings) {
  for (int i = 0; i < 2; ++i) {
    const Folder folder;
    const SharedProgress progress;
    const pid_t child = start_child(folder / "run.sqlite", {.options = {}, .pause = 200us}, progress);
    while (progress->put < 0 && !progress->failed) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(700ms);
    const std::int64_t a_second_before = progress->put;
    std::this_thread::sleep_for(1s);
    end(child);
    ASSERT_FALSE(progress->failed);
    EXPECT_GE(last_whole_step(folder / "run.sqlite"), a_second_before);
  }
}

}  // namespace
}  // namespace thalweg
