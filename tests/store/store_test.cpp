// What is put is what is read: while the run goes on, after it, and after it was taken up again.
#include "thalweg/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/file_system.h"

namespace thalweg {
namespace {

using samples::Folder;
using samples::reading;
using samples::same;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename Failure>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Store, KeepsEveryFieldOfARun) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    writer.put(samples::evaluation(1));
    writer.put(samples::evaluation(2));
    writer.put(samples::action(50));
    writer.finish(samples::result());
    EXPECT_FALSE(writer.failed()) << writer.failure();
  }
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_TRUE(same(reader.header(), samples::header()));
  EXPECT_TRUE(same(reader.evaluations(), {samples::evaluation(1), samples::evaluation(2)}));
  EXPECT_TRUE(same(reader.actions(), {samples::action(50)}));
  ASSERT_TRUE(reader.result());
  EXPECT_TRUE(same(*reader.result(), samples::result()));
}

TEST(Store, KeepsNumbersThatAreNotFinite) {
  const Folder folder;
  std::vector<Reading> put = {reading(0, Quantity::loss, kNan), reading(1, Quantity::loss, kInfinity),
                              reading(2, Quantity::loss, -kInfinity), reading(3, Quantity::loss, 5e-324)};
  put[1].error = std::numeric_limits<float>::infinity();
  for (const double value : {kNan, kInfinity, -kInfinity, 0.1}) put.push_back(reading(4, Quantity::overshoot, value));
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    for (const Reading& r : put) writer.put(r);
  }
  EXPECT_TRUE(same(StoreReader(folder / "run.sqlite").readings(), put));
}

TEST(Store, GivesReadingsInOrderOfStepsWhateverTheirOrder) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    for (const std::int64_t step : {5, 3, 9, 3, 0}) {
      for (const Reading& r : samples::step_readings(step, 6)) writer.put(r);
    }
  }
  std::vector<std::int64_t> steps;
  for (const Reading& r : StoreReader(folder / "run.sqlite").readings(Quantity::objective)) steps.push_back(r.step);
  EXPECT_THAT(steps, ElementsAre(0, 3, 3, 5, 9));
}

TEST(Store, KeepsTheOrderWithinAStep) {
  const Folder folder;
  std::vector<Reading> put = samples::step_readings(3, 40);
  std::reverse(put.begin(), put.end());
  put[10].cost = 2.0F;  // stored in a way of its own
  put.insert(put.end(), {put[0], put[5]});
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    for (const Reading& r : put) writer.put(r);
  }
  EXPECT_TRUE(same(StoreReader(folder / "run.sqlite").readings(), put));
}

TEST(Store, FindsOneQuantityInOneScope) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    writer.scope(1, "fc1.weight");
    for (const Reading& r : samples::step_readings(7, static_cast<int>(Quantity::count_) + 10)) writer.put(r);
  }
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.readings(Quantity::loss), SizeIs(2));
  EXPECT_THAT(reader.readings(std::nullopt, Scope{1}), SizeIs(10));
  const auto both = reader.readings(Quantity::loss, Scope{1});
  ASSERT_THAT(both, SizeIs(1));
  EXPECT_EQ(both[0].value, 7 + static_cast<int>(Quantity::count_) / 1024.0);
  EXPECT_THAT(reader.readings(Quantity::loss, Scope{2}), IsEmpty());
  EXPECT_THAT(reader.scopes(), ElementsAre("", "fc1.weight"));
}

TEST(Store, CanBeReadWhileTheRunGoesOn) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.readings(), IsEmpty());
  for (std::int64_t step = 1; step <= 20; ++step) {
    for (const Reading& r : samples::step_readings(step, 25)) writer.put(r);
    writer.flush();
    EXPECT_THAT(reader.readings(Quantity::loss), SizeIs(step));
    EXPECT_FALSE(reader.result());
  }
}

TEST(Store, IsReadAcrossTheEndOfARunAndItsNextBeginning) {
  const Folder folder;
  auto first = std::make_unique<StoreWriter>(folder / "run.sqlite", samples::header(), StoreWriter::Options{});
  const StoreReader before(folder / "run.sqlite");
  first->put(reading(0, Quantity::loss, 0.0));
  first.reset();
  EXPECT_THAT(before.readings(), SizeIs(1));
  const StoreReader between(folder / "run.sqlite");
  EXPECT_THAT(between.readings(), SizeIs(1));
  StoreWriter second(folder / "run.sqlite", samples::header(), {}, 1);
  second.put(reading(1, Quantity::loss, 1.0));
  second.flush();
  EXPECT_FALSE(second.failed()) << second.failure();
  EXPECT_THAT(before.readings(), SizeIs(2));
  EXPECT_THAT(between.readings(), SizeIs(2));
}

TEST(Store, CommitsWithoutBeingAsked) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {.commit_seconds = 0.01});
  const StoreReader reader(folder / "run.sqlite");
  writer.put(reading(0, Quantity::loss, 1.0));
  for (int i = 0; i < 1000 && reader.readings().empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_THAT(reader.readings(), SizeIs(1));
}

TEST(Store, LosesNothingWhenTheQueueIsFull) {
  for (const std::size_t queue : {1, 2, 7}) {
    const Folder folder;
    StoreWriter writer(folder / "run.sqlite", samples::header(), {.queue = queue, .commit_seconds = 100.0});
    for (int i = 0; i < 100; ++i) writer.put(reading(i, Quantity::loss, i));
    writer.flush();
    EXPECT_THAT(StoreReader(folder / "run.sqlite").readings(), SizeIs(100));
    EXPECT_GT(writer.waited_seconds(), 0.0);
  }
}

TEST(Store, TakesReadingsFromManyThreads) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {.queue = 64, .commit_seconds = 0.001});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) writer.put(reading(i, Quantity::loss, thread));
      writer.put(samples::evaluation(thread));
      writer.flush();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.readings(), SizeIs(8000));
  EXPECT_THAT(reader.evaluations(), SizeIs(4));
}

TEST(Store, LeavesOneFileThatOpensOnItsOwn) {
  const Folder folder;
  { StoreWriter(folder / "run.sqlite", samples::header(), {}).put(reading(0, Quantity::loss, 1.0)); }
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.push_back(entry.path().filename());
  EXPECT_THAT(files, ElementsAre("run.sqlite"));
  std::filesystem::rename(folder / "run.sqlite", folder / "50% #1?.sqlite");
  EXPECT_THAT(StoreReader(folder / "50% #1?.sqlite").readings(), SizeIs(1));
}

TEST(Store, WorksWithTheJournalOfNetworkFileSystems) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {.journal = StoreWriter::Journal::truncate});
  const StoreReader reader(folder / "run.sqlite");
  for (int i = 0; i < 5; ++i) {
    writer.put(reading(i, Quantity::loss, i));
    writer.flush();
    EXPECT_THAT(reader.readings(), SizeIs(i + 1));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "run.sqlite-wal"));
  EXPECT_FALSE(writer.failed()) << writer.failure();
}

TEST(FileSystem, KnowsWhichAreOnANetwork) {
  EXPECT_TRUE(is_network_file_system(0x6969));       // NFS
  EXPECT_TRUE(is_network_file_system(0xFF534D42));   // CIFS
  EXPECT_TRUE(is_network_file_system(0x65735546));   // FUSE
  EXPECT_FALSE(is_network_file_system(0xEF53));      // ext4
  EXPECT_FALSE(is_network_file_system(0x01021994));  // tmpfs
  EXPECT_FALSE(is_network_file_system(0x58465342));  // XFS
  EXPECT_FALSE(is_network_file_system(0x9123683E));  // btrfs
  EXPECT_FALSE(is_network_file_system(0x794C7630));  // overlay
  EXPECT_FALSE(is_on_network("/proc"));
  EXPECT_THAT(message_of<IoError>([] { is_on_network("/no/such/folder"); }), HasSubstr("/no/such/folder"));
}

// --- resuming

TEST(StoreResume, RemovesWhatWillComeAgain) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    for (std::int64_t step = 0; step < 100; ++step) {
      for (const Reading& r : samples::step_readings(step, 10)) writer.put(r);
      Reading exact = reading(step, Quantity::overshoot, 0.5);
      exact.cost = 2.0F;
      writer.put(exact);
      writer.put(samples::evaluation(step));
      writer.put(samples::action(step));
    }
    writer.finish(samples::result());
  }
  RunHeader changed = samples::header();
  changed.planned_steps = 9000;
  changed.started = "2025-02-02T00:00:00Z";
  StoreWriter writer(folder / "run.sqlite", changed, {}, 60);
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.readings(), SizeIs(60 * 11));
  EXPECT_EQ(reader.readings().back().step, 59);
  EXPECT_THAT(reader.evaluations(), SizeIs(61)) << "an evaluation is made before the checkpoint of its step";
  EXPECT_THAT(reader.evaluations().back().metrics, SizeIs(2));
  EXPECT_THAT(reader.actions(), SizeIs(61)) << "as is an action";
  EXPECT_FALSE(reader.result());
  EXPECT_EQ(reader.header().planned_steps, 9000);
  EXPECT_EQ(reader.header().started, samples::header().started) << "a run starts once";

  for (const Reading& r : samples::step_readings(60, 10)) writer.put(r);
  writer.flush();
  EXPECT_THAT(reader.readings(), SizeIs(60 * 11 + 10));
}

TEST(StoreResume, KeepsOneEvaluationOfItsStepWhetherOrNotItComesAgain) {
  const Folder folder;
  { StoreWriter(folder / "run.sqlite", samples::header(), {}).put(samples::evaluation(10)); }
  Evaluation again = samples::evaluation(10);
  again.train_loss = 7.0;
  for (int i = 0; i < 2; ++i) {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {}, 10);
    writer.put(again);
    writer.put(samples::evaluation(11));
  }
  EXPECT_TRUE(same(StoreReader(folder / "run.sqlite").evaluations(), {again, samples::evaluation(11)}));
}

TEST(StoreResume, KnowsScopesByNameWhateverTheirNumberNow) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    writer.scope(1, "a");
    writer.scope(2, "b");
    writer.put(reading(0, Quantity::loss, 1.0, 1));
    writer.put(reading(0, Quantity::loss, 2.0, 2));
  }
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {}, 1);
    writer.scope(1, "b");
    writer.scope(2, "c");
    writer.scope(3, "a");
    for (const Scope scope : {1, 2, 3}) writer.put(reading(1, Quantity::loss, 10.0 * scope, scope));
  }
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.scopes(), ElementsAre("", "a", "b", "c"));
  const auto values = [&](Scope scope) {
    std::vector<double> result;
    for (const Reading& r : reader.readings(Quantity::loss, scope)) result.push_back(r.value);
    return result;
  };
  EXPECT_THAT(values(1), ElementsAre(1.0, 30.0));
  EXPECT_THAT(values(2), ElementsAre(2.0, 10.0));
  EXPECT_THAT(values(3), ElementsAre(20.0));
}

TEST(StoreResume, BeginsAnewWhereThereIsNoFile) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {}, 500);
  writer.put(reading(500, Quantity::loss, 1.0));
  writer.flush();
  EXPECT_THAT(StoreReader(folder / "run.sqlite").readings(), SizeIs(1));
}

TEST(StoreScopes, WithoutANameAreCalledByTheirNumber) {
  const Folder folder;
  { StoreWriter(folder / "run.sqlite", samples::header(), {}).put(reading(0, Quantity::loss, 1.0, 3)); }
  EXPECT_THAT(StoreReader(folder / "run.sqlite").scopes(), ElementsAre("", "", "", "#3"));
}

// --- refusals

TEST(StoreRefuses, ARunThatIsThereAlready) {
  const Folder folder;
  { StoreWriter(folder / "run.sqlite", samples::header(), {}).put(reading(0, Quantity::loss, 1.0)); }
  EXPECT_THAT(message_of<IoError>([&] { StoreWriter(folder / "run.sqlite", samples::header(), {}); }),
              HasSubstr("already holds a run"));
  EXPECT_THAT(StoreReader(folder / "run.sqlite").readings(), SizeIs(1));
}

TEST(StoreRefuses, AFolderThatIsNotThere) {
  const Folder folder;
  EXPECT_THAT(message_of<IoError>([&] { StoreWriter(folder / "no/run.sqlite", samples::header(), {}); }),
              HasSubstr("No such file"));
  EXPECT_THAT(message_of<IoError>([&] { StoreReader(folder / "no.sqlite"); }), HasSubstr("no.sqlite"));
  EXPECT_FALSE(std::filesystem::exists(folder / "no.sqlite"));
  EXPECT_THAT(message_of<IoError>([&] { StoreReader(folder.path()); }), HasSubstr("cannot be read"));
}

TEST(StoreRefuses, OptionsThatCannotWork) {
  const Folder folder;
  EXPECT_THROW(StoreWriter(folder / "r", samples::header(), {.queue = 0}), std::invalid_argument);
  EXPECT_THROW(StoreWriter(folder / "r", samples::header(), {.commit_seconds = 0.0}), std::invalid_argument);
  EXPECT_THROW(StoreWriter(folder / "r", samples::header(), {.commit_seconds = kNan}), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
