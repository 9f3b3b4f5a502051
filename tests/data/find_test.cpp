#include "thalweg/data/find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "files.h"
#include "thalweg/data/bytes.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Variable {
 public:
  explicit Variable(const std::string& value) { ::setenv("THALWEG_DATA", value.c_str(), 1); }
  ~Variable() { ::unsetenv("THALWEG_DATA"); }
};

TEST(FindData, LooksInTheRecipesFolderThenTheVariableThenTheSystem) {
  const TestFolder recipe, first, second;
  const Variable variable(first.path().string() + ":" + second.path().string());
  EXPECT_EQ(data_folders(recipe.path()),
            (std::vector<std::filesystem::path>{recipe.path(), first.path(), second.path(), "/usr/share/datasets",
                                                "/usr/local/share/datasets"}));
  second.write("a.csv", "2");
  EXPECT_EQ(find_data("a.csv", recipe.path(), "data.path"), second.path() / "a.csv");
  first.write("a.csv", "1");
  EXPECT_EQ(find_data("a.csv", recipe.path(), "data.path"), first.path() / "a.csv");
  recipe.write("a.csv", "0");
  EXPECT_EQ(find_data("a.csv", recipe.path(), "data.path"), recipe.path() / "a.csv");
  EXPECT_EQ(find_data((first.path() / "a.csv").string(), recipe.path(), "data.path"), first.path() / "a.csv");
}

TEST(FindData, SaysWhereItLookedAndWhatIsNear) {
  const TestFolder recipe, other;
  const Variable variable(other.path().string());
  const auto error = [&](const std::string& path) {
    return message_of<IoError>([&] { find_data(path, recipe.path(), "data.path"); });
  };
  EXPECT_THAT(error("wine.csv"),
              AllOf(HasSubstr("data.path = \"wine.csv\""), HasSubstr((recipe.path() / "wine.csv").string()),
                    HasSubstr((other.path() / "wine.csv").string()), HasSubstr("/usr/share/datasets/wine.csv"),
                    HasSubstr("THALWEG_DATA")));
  other.write("wines.csv", "");
  EXPECT_THAT(error("wine.csv"), HasSubstr("did you mean " + (other.path() / "wines.csv").string()));
  EXPECT_THAT(error("/no/such/file"), HasSubstr("looked for /no/such/file"));
  EXPECT_THAT(message_of<UsageError>([&] { find_data("", recipe.path(), "data.path"); }),
              HasSubstr("data.path is empty"));
}

TEST(MapFile, RefusesFoldersPipesAndWhatMayNotBeRead) {
  const TestFolder folder;
  EXPECT_THAT(message_of<IoError>([&] { map_file(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(message_of<IoError>([&] { map_file(folder.path() / "none"); }), HasSubstr("No such file"));
  const std::string pipe = (folder.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(message_of<IoError>([&] { map_file(pipe); }), HasSubstr("not a regular file"))
      << "and it is not waited for";

  const auto secret = folder.write("secret", "x");
  ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
  const bool root = ::geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  if (root) ASSERT_EQ(::seteuid(kNobody), 0);
  const std::string message = message_of<IoError>([&] { map_file(secret); });
  if (root) ASSERT_EQ(::seteuid(0), 0);
  EXPECT_THAT(message, HasSubstr("Permission denied"));
}

TEST(MapFile, AnEmptyFileIsNoBytes) {
  const TestFolder folder;
  EXPECT_TRUE(map_file(folder.write("empty", "")).view.empty());
}

TEST(ReadFile, UnpacksGzipAndKeepsToTheLimit) {
  const TestFolder folder;
  const std::string text(3 << 20, 'x');
  EXPECT_EQ(read_file(folder.write("a", text), 4 << 20).view, text);
  EXPECT_EQ(read_file(folder.write("a.gz", gzip(text)), 4 << 20).view, text);
  for (const char* name : {"a", "a.gz"}) {
    EXPECT_THAT(message_of<InputError>([&] { read_file(folder.path() / name, 2 << 20); }),
                HasSubstr("data.memory = 2 MiB"));
  }
}

}  // namespace
}  // namespace thalweg
