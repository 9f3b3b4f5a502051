// Folders that are written at the end of a command: tried before its work, whole or not at all.
#include "thalweg/store/output_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/beside_folder.h"

namespace thalweg {
namespace {

namespace fs = std::filesystem;
using samples::Folder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

template <class Failure>
std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  }
  ADD_FAILURE() << "it was not refused";
  return "";
}

TEST(OutputFolder, IsMadeWithThoseAboveItAndGoesAgainWhereNothingIsWritten) {
  const Folder folder;
  {
    const OutputFolder out(folder / "a/b/c");
    EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
    EXPECT_THAT(names_in(folder / "a/b/c"), IsEmpty()) << "the trial leaves nothing";
  }
  EXPECT_THAT(names_in(folder.path()), IsEmpty());
}

TEST(OutputFolder, StaysWhereAFileIsWritten) {
  const Folder folder;
  {
    const OutputFolder out(folder / "a/b/");
    EXPECT_EQ(read(out.write("x.svg", "<svg/>")), "<svg/>");
  }
  EXPECT_THAT(names_in(folder / "a/b"), ElementsAre("x.svg"));
}

TEST(OutputFolder, OneThatWasThereStaysThoughItIsEmpty) {
  const Folder folder;
  { const OutputFolder out(folder.path()); }
  EXPECT_TRUE(fs::is_directory(folder.path()));
}

TEST(OutputFolder, IsRefusedUnderAFileAndWhereNothingCanBeMade) {
  const Folder folder;
  std::ofstream(folder / "file") << "text";
  EXPECT_THAT(refusal<IoError>([&] { OutputFolder(folder / "file"); }), HasSubstr("it is no folder"));
  EXPECT_THAT(refusal<IoError>([&] { OutputFolder(folder / "file/below"); }), HasSubstr("Not a directory"));
  EXPECT_THAT(refusal<IoError>([&] { OutputFolder("/proc/thalweg/below"); }),
              AllOf(HasSubstr("cannot write into '/proc/thalweg/below'"), Not(HasSubstr("\n"))));
  EXPECT_EQ(read(folder / "file"), "text");
}

TEST(OutputFolder, OnAFullDiskIsRefusedBeforeAnythingIsWritten) {
  const Folder folder;
  if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "mounting needs rights";
  EXPECT_THAT(refusal<IoError>([&] { OutputFolder(folder / "out", 2 << 20); }), HasSubstr("No space left"));
  EXPECT_THAT(names_in(folder.path()), IsEmpty());
  EXPECT_NO_THROW(OutputFolder(folder / "out", 1 << 19));
  umount(folder.path().c_str());
}

// ----------------------------------------------------------------------------------------------------- BesideFolder

const std::vector<std::string> kFiles = {"model", "recipe"};

void put(const fs::path& folder, const std::string& name, const std::string& text) {
  std::ofstream(folder / name) << text;
}

TEST(BesideFolder, IsThereOnceItIsWhole) {
  const Folder folder;
  {
    BesideFolder out(folder / "a/out/", kFiles, 1);
    put(out.path(), "model", "1");
    EXPECT_FALSE(fs::exists(folder / "a/out"));
    put(out.path(), "recipe", "2");
    out.commit();
  }
  EXPECT_THAT(names_in(folder / "a"), ElementsAre("out"));
  EXPECT_THAT(names_in(folder / "a/out"), ElementsAre("model", "recipe"));
}

TEST(BesideFolder, GivenUpHalfWayLeavesNothing) {
  const Folder folder;
  {
    const BesideFolder out(folder / "a/out", kFiles, 1);
    put(out.path(), "model", "1");
  }
  EXPECT_THAT(names_in(folder.path()), IsEmpty());
}

TEST(BesideFolder, ReplacesAnOlderOneWholeOrLeavesItAsItWas) {
  const Folder folder;
  fs::create_directory(folder / "out");
  for (const std::string& name : kFiles) put(folder / "out", name, "old");
  {
    const BesideFolder out(folder / "out", kFiles, 1);
    put(out.path(), "model", "new");
  }
  EXPECT_EQ(read(folder / "out/model"), "old");
  {
    BesideFolder out(folder / "out", kFiles, 1);
    put(out.path(), "model", "new");
    out.commit();
  }
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("model")) << "nothing of the older one is left";
  EXPECT_EQ(read(folder / "out/model"), "new");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("out"));
}

TEST(BesideFolder, DoesNotTakeThePlaceOfOtherFiles) {
  const Folder folder;
  put(folder.path(), "recipe", "a run's");
  put(folder.path(), "run.sqlite", "its store");
  EXPECT_THAT(refusal<UsageError>([&] { BesideFolder(folder.path(), kFiles, 1); }), HasSubstr("'run.sqlite'"));
  EXPECT_THAT(refusal<UsageError>([&] { BesideFolder(".", kFiles, 1); }), HasSubstr("the folder you are in"));
  EXPECT_THAT(refusal<IoError>([&] { BesideFolder(folder / "recipe", kFiles, 1); }), HasSubstr("is no folder"));
  EXPECT_THAT(names_in(folder.path()), ElementsAre("recipe", "run.sqlite"));
}

TEST(BesideFolder, OfALinkReplacesWhatItLeadsTo) {
  const Folder folder;
  fs::create_directory(folder / "real");
  fs::create_directory_symlink(folder / "real", folder / "link");
  BesideFolder out(folder / "link", kFiles, 1);
  put(out.path(), "model", "1");
  out.commit();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read(folder / "real/model"), "1");
}

TEST(BesideFolder, ClearsAwayWhatAKilledProcessLeft) {
  const Folder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const std::string dead = fmt::format("out.part-{}", child), alive = fmt::format("out.part-{}", ::getppid());
  for (const std::string& name : {dead, alive, std::string("out.part-notes"), std::string("other.part-1")}) {
    fs::create_directory(folder / name);
  }
  put(folder / dead, "model", "half");
  { const BesideFolder out(folder / "out", kFiles, 1); }
  EXPECT_THAT(names_in(folder.path()), UnorderedElementsAre(alive, "out.part-notes", "other.part-1"));
}

}  // namespace
}  // namespace thalweg
