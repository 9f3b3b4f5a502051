#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "thalweg/store/fork_guard.h"
#include "thalweg/store/store.h"
#include "thalweg/store/store_file.h"

namespace thalweg {
namespace {

// Signals are the program's; the store's thread takes none. SIGXFSZ among them: a file-size limit then is a full disk,
// and not the end of the run.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// Two batches: put() fills one while the thread writes the other.
struct StoreWriter::State {
  State(const std::filesystem::path& path, const RunHeader& header, Options given,
        std::optional<std::int64_t> resume_at)
      : options(given), file(path, header, given.journal, resume_at) {
    filling.readings.reserve(options.queue);
    writing.readings.reserve(options.queue);
  }

  // With the first thing to write, and not before: a program may still fork its workers, and a thread is not forked.
  // The mutex is held.
  void start() {
    if (thread.joinable()) return;
    const SignalsBlocked blocked;
    thread = std::thread([this] { work(); });
  }

  bool deaf() const { return !process.here() || gone.load(std::memory_order_relaxed); }

  // Readings that are worth a transaction before its time.
  std::size_t enough() const { return (options.queue + 1) / 2; }

  // Adds to the batch being filled; the thread is woken only where something waits for it.
  template <typename Add>
  void add(Add add) {
    if (deaf()) return;
    const std::lock_guard lock(mutex);
    start();
    add(filling);
  }

  void wait_for_room(std::unique_lock<std::mutex>& lock) {
    const auto start = std::chrono::steady_clock::now();
    wake.notify_one();
    progress.wait(lock, [this] { return filling.readings.size() < options.queue || gone; });
    waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  void flush() {
    if (deaf()) return;
    std::unique_lock lock(mutex);
    start();
    const std::uint64_t mine = ++flushes_asked;
    wake.notify_one();
    progress.wait(lock, [this, mine] { return flushes_done >= mine || gone; });
  }

  void work() {
    std::unique_lock lock(mutex);
    for (bool last = false; !last && !gone;) {
      wake.wait_for(lock, std::chrono::duration<double>(options.commit_seconds),
                    [this] { return stop || flushes_asked > flushes_done || filling.readings.size() >= enough(); });
      last = stop;
      std::swap(filling, writing);
      const std::uint64_t asked = flushes_asked;
      progress.notify_all();  // there is room
      lock.unlock();
      write();
      lock.lock();
      if (!gone) flushes_done = asked;
      progress.notify_all();
    }
  }

  void write() {
    try {
      if (!writing.empty()) file.write(writing);
    } catch (const std::exception& error) {
      give_up(error.what());
    }
    writing.clear();
  }

  void give_up(const std::string& why) {
    const std::lock_guard lock(mutex);
    reason = why;
    gone = true;
  }

  const Options options;
  ForkGuard process;
  StoreFile file;  // the thread's, once that runs
  std::mutex mutex;
  std::condition_variable wake;      // the thread: there is something to do
  std::condition_variable progress;  // the others: something was taken or committed
  StoreBatch filling;
  StoreBatch writing;  // the thread's
  std::uint64_t flushes_asked = 0;
  std::uint64_t flushes_done = 0;
  double waited = 0.0;
  bool stop = false;
  std::atomic<bool> gone = false;
  std::string reason;
  std::thread thread;
};

StoreWriter::StoreWriter(const std::filesystem::path& file, const RunHeader& header, Options options,
                         std::optional<std::int64_t> resume_at) {
  if (options.queue == 0 || !(options.commit_seconds > 0.0)) {
    throw std::invalid_argument("StoreWriter: queue and commit_seconds must be above 0");
  }
  state_ = std::make_unique<State>(file, header, options, resume_at);
}

StoreWriter::~StoreWriter() {
  if (!state_->process.here()) {
    // The thread, the lock and the connection are the parent's; ending them here would take them from it.
    (void)state_.release();
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_one();
  if (state_->thread.joinable()) state_->thread.join();
}

void StoreWriter::put(const Reading& reading) {
  State& state = *state_;
  if (state.deaf()) return;
  std::unique_lock lock(state.mutex);
  state.start();
  if (state.filling.readings.size() >= state.options.queue) state.wait_for_room(lock);
  if (state.gone.load(std::memory_order_relaxed)) return;
  state.filling.readings.push_back(reading);  // never past what was reserved
  if (state.filling.readings.size() == state.enough()) state.wake.notify_one();
}

void StoreWriter::put(const Evaluation& evaluation) {
  state_->add([&](StoreBatch& batch) { batch.evaluations.push_back(evaluation); });
}

void StoreWriter::put(const Action& action) {
  state_->add([&](StoreBatch& batch) { batch.actions.push_back(action); });
}

void StoreWriter::scope(Scope scope, const std::string& name) {
  state_->add([&](StoreBatch& batch) { batch.scopes.emplace_back(scope, name); });
}

void StoreWriter::finish(const RunResult& result) {
  state_->add([&](StoreBatch& batch) { batch.result = result; });
  state_->flush();
}

void StoreWriter::flush() { state_->flush(); }

bool StoreWriter::failed() const { return state_->process.here() && state_->gone; }

std::string StoreWriter::failure() const {
  if (!state_->process.here()) return "";
  const std::lock_guard lock(state_->mutex);
  return state_->reason;
}

double StoreWriter::waited_seconds() const {
  if (!state_->process.here()) return 0.0;
  const std::lock_guard lock(state_->mutex);
  return state_->waited;
}

}  // namespace thalweg
