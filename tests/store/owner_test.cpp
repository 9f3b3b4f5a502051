// One store, one writer; and what forked children are to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/fork_guard.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using samples::Folder;
using samples::reading;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
constexpr bool kThreadSanitizer = false;
#endif

// A forked child that runs `body`, and says when it is ready.
class Child {
 public:
  explicit Child(const std::function<void(const std::function<void()>& ready)>& body) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    process = fork();
    if (process == 0) {
      body([&] { (void)!write(ends[1], "r", 1); });
      _exit(0);
    }
    close(ends[1]);
    from_ = ends[0];
  }
  ~Child() {
    close(from_);
    if (process > 0) end(SIGKILL);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool wait_until_ready() const {
    char c = 0;
    return read(from_, &c, 1) == 1;
  }
  int end(int signal) {
    if (signal != 0) kill(process, signal);
    int status = 0;
    waitpid(process, &status, 0);
    process = -1;
    return status;
  }

  pid_t process = -1;

 private:
  int from_ = -1;
};

std::string refusal(const std::filesystem::path& file) {
  try {
    StoreWriter(file, samples::header(), {}, 1000);
  } catch (const IoError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(StoreOwner, RefusesASecondWriterInTheSameProcess) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    for (int i = 0; i < 3; ++i) {  // being refused must not give the lock up
      EXPECT_THAT(refusal(folder / "run.sqlite"), HasSubstr("this very process (" + std::to_string(getpid()) + ")"));
    }
    Child other([&](const auto&) { _exit(refusal(folder / "run.sqlite") == "not refused" ? 1 : 0); });
    EXPECT_EQ(other.end(0), 0) << "the lock was lost";
  }
  EXPECT_EQ(refusal(folder / "run.sqlite"), "not refused") << "once the first is gone";
}

TEST(StoreOwner, RefusesASecondWriterAndNamesTheProcess) {
  const Folder folder;
  Child owner([&](const auto& ready) {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    writer.flush();
    ready();
    pause();
  });
  ASSERT_TRUE(owner.wait_until_ready());
  EXPECT_THAT(refusal(folder / "run.sqlite"),
              AllOf(HasSubstr("process " + std::to_string(owner.process)), HasSubstr("run.sqlite")));
  owner.end(SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(folder / "run.sqlite-lock")) << "as a kill leaves it";
  EXPECT_EQ(refusal(folder / "run.sqlite"), "not refused");
}

// As a data loader's workers may do.
TEST(StoreOwner, ThatWasKilledIsNotKeptAliveByItsChildren) {
  const Folder folder;
  std::array<int, 2> until_end{};
  ASSERT_EQ(pipe(until_end.data()), 0);
  Child owner([&](const auto& ready) {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    if (fork() == 0) {
      close(until_end[1]);
      char c = 0;
      (void)!read(until_end[0], &c, 1);  // lives until the test ends
      _exit(0);
    }
    ready();
    pause();
  });
  ASSERT_TRUE(owner.wait_until_ready());
  EXPECT_THAT(refusal(folder / "run.sqlite"), HasSubstr("process " + std::to_string(owner.process)));
  owner.end(SIGKILL);
  EXPECT_EQ(refusal(folder / "run.sqlite"), "not refused");
  close(until_end[1]);
  close(until_end[0]);
}

TEST(StoreOwner, TakesNoNoticeOfALockFileThatNobodyHolds) {
  const Folder folder;
  std::ofstream(folder / "run.sqlite-lock") << "process 1 on another host";
  EXPECT_EQ(refusal(folder / "run.sqlite"), "not refused");
  EXPECT_FALSE(std::filesystem::exists(folder / "run.sqlite-lock"));
}

TEST(StoreOwner, ForkedChildrenDoNothing) {
  const Folder folder;
  StoreWriter* const writer = new StoreWriter(folder / "run.sqlite", samples::header(), {.queue = 8});
  writer->put(reading(0, Quantity::loss, 1.0));
  Child child([&](const auto&) {
    alarm(20);  // against a child that hangs
    for (int i = 0; i < 1000; ++i) writer->put(reading(1, Quantity::loss, 2.0));
    writer->put(samples::evaluation(1));
    writer->scope(1, "child");
    writer->flush();
    writer->finish(samples::result());
    const bool quiet = !writer->failed() && writer->failure().empty() && writer->waited_seconds() == 0.0;
    delete writer;
    _exit(quiet ? 0 : 1);
  });
  EXPECT_EQ(child.end(0), 0);
  writer->put(reading(2, Quantity::loss, 3.0));
  writer->flush();
  EXPECT_FALSE(writer->failed()) << writer->failure();
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.readings(), SizeIs(2));
  EXPECT_THAT(reader.scopes(), SizeIs(1));
  EXPECT_FALSE(reader.result());
  EXPECT_THAT(refusal(folder / "run.sqlite"), HasSubstr("this very process")) << "the child took the lock with it";
  delete writer;
}

TEST(StoreOwner, AForkedChildMayHaveAStoreOfItsOwn) {
  if (kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer lets no forked child start a thread";
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  Child child([&](const auto&) {
    alarm(20);
    StoreWriter own(folder / "child.sqlite", samples::header(), {});
    own.put(reading(5, Quantity::loss, 5.0));
    own.flush();
    _exit(own.failed() ? 1 : 0);
  });
  EXPECT_EQ(child.end(0), 0);
  EXPECT_THAT(StoreReader(folder / "child.sqlite").readings(), SizeIs(1));
}

// A fork while the queue is in use must not leave the child with a locked mutex.
TEST(StoreOwner, ForksAreHarmlessWhilePutIsAtWork) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {.queue = 16, .commit_seconds = 0.001});
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    for (int i = 0; !stop; ++i) writer.put(reading(i, Quantity::loss, i));
  });
  for (int i = 0; i < 30; ++i) {
    Child child([&](const auto&) {
      alarm(20);
      writer.put(reading(0, Quantity::loss, 0.0));
      writer.flush();
      _exit(0);
    });
    EXPECT_EQ(child.end(0), 0);
  }
  stop = true;
  busy.join();
  EXPECT_FALSE(writer.failed()) << writer.failure();
}

TEST(ForkGuard, KnowsItsProcess) {
  const ForkGuard guard;
  EXPECT_TRUE(guard.here());
  Child child([&](const auto&) { _exit(guard.here() ? 1 : 0); });
  EXPECT_EQ(child.end(0), 0);
}

}  // namespace
}  // namespace thalweg
