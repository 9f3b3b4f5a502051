// What a kill or a copy leaves behind, made by hand: the log without its index, half a transaction, the file alone.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using samples::Folder;
using samples::reading;
using ::testing::SizeIs;

// The files of a run as they are on the disk at this moment.
void copy_files(const Folder& folder, const std::filesystem::path& to, const std::vector<std::string>& suffixes) {
  for (const std::string& suffix : suffixes) {
    std::filesystem::copy_file(folder / ("run.sqlite" + suffix), to.string() + suffix);
  }
}

TEST(StoreRecovery, ReadsTheLogOfARunThatWasKilled) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  writer.put(reading(0, Quantity::loss, 1.0));
  writer.flush();
  copy_files(folder, folder / "killed.sqlite", {"", "-wal"});
  EXPECT_THAT(StoreReader(folder / "killed.sqlite").readings(), SizeIs(1));
  StoreWriter next(folder / "killed.sqlite", samples::header(), {}, 1);
  EXPECT_THAT(StoreReader(folder / "killed.sqlite").readings(), SizeIs(1));
}

TEST(StoreRecovery, UndoesHalfATransaction) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {.journal = StoreWriter::Journal::truncate});
    for (std::int64_t step = 0; step < 500; ++step) {
      for (const Reading& r : samples::step_readings(step, 25)) writer.put(r);
    }
  }
  {
    SQLite::Database store((folder / "run.sqlite").string(), SQLite::OPEN_READWRITE);
    store.exec("PRAGMA journal_mode = TRUNCATE; PRAGMA cache_size = 1; BEGIN; UPDATE frames SET v0 = -1, v1 = -1");
    copy_files(folder, folder / "killed.sqlite", {"", "-journal"});
    store.exec("ROLLBACK");
  }
  const SQLite::Database raw("file:" + (folder / "killed.sqlite").string() + "?immutable=1",
                             SQLite::OPEN_READONLY | SQLite::OPEN_URI);
  SQLite::Statement changed(raw, "SELECT count(*) FROM frames WHERE v0 = -1");
  ASSERT_TRUE(changed.executeStep());
  ASSERT_GT(changed.getColumn(0).getInt(), 0) << "nothing to undo: the test tests nothing";

  const auto readings = StoreReader(folder / "killed.sqlite").readings(Quantity::loss);
  ASSERT_THAT(readings, SizeIs(500));
  for (const Reading& r : readings) EXPECT_EQ(r.value, static_cast<double>(r.step));
}

// A disk that nobody can write to, or a folder of somebody else's.
class ReadOnlyDisk {
 public:
  explicit ReadOnlyDisk(const std::filesystem::path& folder) : folder_(folder) {
    mounted_ = mount("none", folder_.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  ~ReadOnlyDisk() {
    if (mounted_) umount(folder_.c_str());
  }
  ReadOnlyDisk(const ReadOnlyDisk&) = delete;
  ReadOnlyDisk& operator=(const ReadOnlyDisk&) = delete;
  bool mounted() const { return mounted_; }
  bool close() { return mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=4m") == 0; }

 private:
  std::filesystem::path folder_;
  bool mounted_ = false;
};

TEST(StoreRecovery, ReadsFromAReadOnlyDisk) {
  const Folder folder;
  const Folder disk_folder;
  ReadOnlyDisk disk(disk_folder.path());
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs rights";
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  writer.put(reading(0, Quantity::loss, 1.0));
  writer.flush();
  copy_files(folder, disk_folder / "alone.sqlite", {""});
  copy_files(folder, disk_folder / "whole.sqlite", {"", "-wal", "-shm"});
  copy_files(folder, disk_folder / "some.sqlite", {"", "-wal"});
  ASSERT_TRUE(disk.close());
  EXPECT_THAT(StoreReader(disk_folder / "whole.sqlite").readings(), SizeIs(1));
  // Without its log the file is what the last checkpoint left: here, nothing.
  EXPECT_THROW(StoreReader(disk_folder / "alone.sqlite"), InputError);
  // A log that cannot be read is no reason to show less than was committed.
  EXPECT_THROW(StoreReader(disk_folder / "some.sqlite"), IoError);
  EXPECT_THROW(StoreWriter(disk_folder / "whole.sqlite", samples::header(), {}, 1), IoError);
}

TEST(StoreRecovery, ReadsTheFileOfAKilledRunWithoutItsLogFromAReadOnlyDisk) {
  const Folder folder;
  const Folder disk_folder;
  ReadOnlyDisk disk(disk_folder.path());
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs rights";
  { StoreWriter(folder / "run.sqlite", samples::header(), {}).put(reading(0, Quantity::loss, 1.0)); }
  {
    SQLite::Database store((folder / "run.sqlite").string(), SQLite::OPEN_READWRITE);
    store.exec("PRAGMA journal_mode = WAL");  // as it is in the file while a run goes on
  }
  copy_files(folder, disk_folder / "50% #1?.sqlite", {""});
  ASSERT_TRUE(disk.close());
  EXPECT_THAT(StoreReader(disk_folder / "50% #1?.sqlite").readings(), SizeIs(1));
}

}  // namespace
}  // namespace thalweg
