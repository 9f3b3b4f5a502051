// What `thalweg fold` writes is whole or not there, whatever stops it.
#include "thalweg/cli_torch/folded_folder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <vector>

#include "command_folder.h"
#include "thalweg/record/error.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

Folded network_of(std::int64_t numbers) {
  Folded folded;
  folded.tensors.emplace_back("linear1.weight", at::ones({numbers}));
  return folded;
}

class FoldedFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "thalweg-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder;
};

TEST_F(FoldedFolderTest, HoldsBothFiles) {
  FoldedFolder(folder / "out", {}).write({}, network_of(4));
  EXPECT_THAT(names_in(folder / "out"), UnorderedElementsAre("recipe.toml", "model.safetensors"));
  EXPECT_THAT(names_in(folder), ElementsAre("out"));
}

TEST_F(FoldedFolderTest, WhoseWeightsCannotBeWrittenIsNotThereAndTheOneBeforeStays) {
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=2m") != 0) GTEST_SKIP() << "mounting needs rights";
  constexpr std::int64_t kTooMany = 1 << 20;  // 4 MB
  EXPECT_THROW(FoldedFolder(folder / "out", {}).write({}, network_of(kTooMany)), IoError);
  EXPECT_THAT(names_in(folder), IsEmpty());
  FoldedFolder(folder / "out", {}).write({}, network_of(4));
  const std::string before = read_file(folder / "out" / "model.safetensors");
  EXPECT_THROW(FoldedFolder(folder / "out", {}).write({}, network_of(kTooMany)), IoError);
  EXPECT_EQ(read_file(folder / "out" / "model.safetensors"), before);
  EXPECT_THAT(names_in(folder), ElementsAre("out"));
  umount(folder.c_str());
}

}  // namespace
}  // namespace thalweg::cli
