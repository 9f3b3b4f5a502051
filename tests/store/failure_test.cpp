// A store that fails while the run goes on is given up with one warning; the run goes on, and what was committed stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/export.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using samples::Folder;
using samples::reading;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// Puts step by step, as a run does, until the store is given up; the step that it had committed before.
std::int64_t put_until_failure(StoreWriter& writer) {
  std::int64_t committed = -1;
  for (std::int64_t step = 0; step < 20'000 && !writer.failed(); ++step) {
    for (const Reading& r : samples::step_readings(step, 25)) writer.put(r);
    if (step % 100 != 99) continue;
    writer.flush();
    if (!writer.failed()) committed = step;
  }
  return committed;
}

// After a failure every member is still callable, and returns.
void expect_a_quiet_store(StoreWriter& writer) {
  ASSERT_TRUE(writer.failed());
  EXPECT_THAT(writer.failure(), AllOf(HasSubstr("run.sqlite"), Not(HasSubstr("\n"))));
  const std::string first = writer.failure();
  for (int i = 0; i < 200'000; ++i) writer.put(reading(i, Quantity::loss, i));
  writer.put(samples::evaluation(1));
  writer.put(samples::action(1));
  writer.scope(9, "late");
  writer.flush();
  writer.finish(samples::result());
  EXPECT_EQ(writer.failure(), first) << "one warning";
}

void expect_all_until(const std::filesystem::path& file, std::int64_t committed) {
  const StoreReader reader(file);
  EXPECT_GE(committed, 0);
  EXPECT_THAT(reader.readings(Quantity::loss), SizeIs(::testing::Ge(committed + 1)));
  EXPECT_FALSE(reader.result());
}

// In a child, whose limit on the size of files is not ours. The signal of that limit is left at its default, which
// kills.
TEST(StoreFailure, OfAFileSizeLimitLeavesTheRunAlone) {
  const Folder folder;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    {
      StoreWriter writer(folder / "run.sqlite", samples::header(), {});
      const rlimit limit{400'000, RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &limit);
      const std::int64_t committed = put_until_failure(writer);
      expect_a_quiet_store(writer);
      expect_all_until(folder / "run.sqlite", committed);
    }
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(StoreFailure, OfAFullDiskLeavesTheRunAlone) {
  const Folder folder;
  if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "mounting needs rights";
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    const std::int64_t committed = put_until_failure(writer);
    expect_a_quiet_store(writer);
    EXPECT_THAT(writer.failure(), HasSubstr("full"));
    expect_all_until(folder / "run.sqlite", committed);
    const StoreReader reader(folder / "run.sqlite");
    EXPECT_THROW(export_json(reader, folder / "run.json"), IoError);
    EXPECT_FALSE(std::filesystem::exists(folder / "run.json"));
  }
  umount(folder.path().c_str());
}

TEST(StoreFailure, OfADeletedFileLeavesTheRunAlone) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  writer.put(reading(0, Quantity::loss, 1.0));
  writer.flush();
  EXPECT_FALSE(writer.failed());
  for (const char* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(folder / ("run.sqlite" + std::string(suffix)));
  writer.put(reading(1, Quantity::loss, 1.0));
  writer.flush();
  EXPECT_THAT(writer.failure(), HasSubstr("deleted or replaced"));
  expect_a_quiet_store(writer);
}

// The run of somebody who deleted the first one's files; the first must not touch it, not even when it ends.
TEST(StoreFailure, OfAReplacedFileLeavesTheNewOneAlone) {
  const Folder folder;
  auto first = std::make_unique<StoreWriter>(folder / "run.sqlite", samples::header(), StoreWriter::Options{});
  first->put(reading(0, Quantity::loss, 1.0));
  first->flush();
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) std::filesystem::remove(entry.path());
  StoreWriter second(folder / "run.sqlite", samples::header(), {});
  second.put(reading(0, Quantity::loss, 2.0));
  second.flush();
  first->put(reading(1, Quantity::loss, 1.0));
  first.reset();
  second.put(reading(1, Quantity::loss, 2.0));
  second.flush();
  EXPECT_FALSE(second.failed()) << second.failure();
  const auto readings = StoreReader(folder / "run.sqlite").readings();
  ASSERT_THAT(readings, SizeIs(2));
  EXPECT_EQ(readings[1].value, 2.0);
}

TEST(StoreFailure, OfTooManyScopesLeavesTheRunAlone) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  writer.scope(65535, "the last number");
  writer.scope(65535, "one more");
  writer.flush();
  EXPECT_THAT(writer.failure(), HasSubstr("65535 scopes"));
}

}  // namespace
}  // namespace thalweg
