// The keys as they are told to a person: complete, and the same in the user's page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "recipe_text.h"
#include "test_paths.h"

namespace thalweg::recipe {
namespace {

using ::testing::HasSubstr;

const KeyInfo& info(std::string_view key) {
  const auto found = std::ranges::find(keys(), key, &KeyInfo::key);
  EXPECT_NE(found, keys().end()) << key;
  return *found;
}

TEST(Keys, TellTypeDefaultAndMeaning) {
  EXPECT_EQ(info("optimizer.lr").type, "number > 0");
  EXPECT_EQ(info("optimizer.lr").standard, "0.001");
  EXPECT_EQ(info("act.mode").type, "off | advise | autopilot");
  EXPECT_EQ(info("act.mode").standard, "\"advise\"");
  EXPECT_EQ(info("data.path").standard, "must be given");
  EXPECT_EQ(info("model.layers.p").meaning, "For dropout: Share of the numbers that is dropped.");
  EXPECT_EQ(info("model.layers.stride").standard, "1; the kernel");
  for (const KeyInfo& key : keys()) EXPECT_FALSE(key.meaning.empty() || key.type.empty()) << key.key;
}

TEST(Keys, AreEachToldOnce) {
  std::set<std::string_view> seen;
  for (const KeyInfo& key : keys()) EXPECT_TRUE(seen.insert(key.key).second) << key.key;
}

// Every key of every section but the lists refuses what is of no type at all, and names itself.
TEST(Keys, RefuseWhatIsOfNoType) {
  const std::vector<std::string> datasets = {
      kData, "[data]\nformat = \"csv\"\npath = \"t\"\ntarget_columns = [\"y\"]\n",
      "[data]\nformat = \"npy\"\ninputs = \"x\"\ntargets_path = \"y\"\n", "[data]\nformat = \"text\"\npath = \"t\"\n",
      "[data]\nformat = \"synthetic\"\nkind = \"xor\"\n"};
  for (const KeyInfo& key : keys()) {
    const std::string name(key.key);
    if (name.starts_with("model.layers.") || name.starts_with("optimizer.groups.")) continue;
    for (const std::string& data : datasets) {
      const std::string said = complaint(data + kModel, {name + "=[{ nonsense = 1 }]"});
      EXPECT_THAT(said, HasSubstr("--set: " + name)) << name;
    }
  }
}

TEST(Keys, RefuseNumbersThatAreNotFinite) {
  for (const KeyInfo& key : keys()) {
    const std::string name(key.key);
    if (!key.type.starts_with("number") || name.starts_with("model.layers.") || name.starts_with("optimizer.groups."))
      continue;
    for (const char* number : {"nan", "inf", "-inf"}) {
      const std::string text = kData + (name.starts_with("model.") && !name.starts_with("model.init")
                                            ? "[model]\npreset = \"char_transformer\"\n"
                                            : kModel);
      const std::string data = name == "data.noise" || name == "data.condition_number"
                                   ? "[data]\nformat = \"synthetic\"\nkind = \"xor\"\n" + kModel
                                   : text;
      EXPECT_THAT(complaint(data, {name + "=" + number}), HasSubstr(name + " = " + number + ": is not finite")) << name;
    }
  }
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? "\\|" : std::string(1, c);
  return result;
}

std::string row(const KeyInfo& key) {
  const std::string standard = key.standard.empty() ? "" : escaped(key.standard);
  return "| `" + std::string(key.key) + "` | " + escaped(key.type) + " | " + standard + " | " + escaped(key.meaning) +
         " |";
}

std::vector<std::string> page() {
  std::ifstream stream(std::filesystem::path(test_paths::kSource) / "docs" / "recipe.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Keys, StandInTheUsersPageWordForWord) {
  std::set<std::string> told;
  for (const std::string& line : page()) {
    if (line.starts_with("| `")) told.insert(line);
  }
  std::set<std::string> known;
  for (const KeyInfo& key : keys()) {
    if (key.type != "table") known.insert(row(key));
  }
  for (const std::string& line : known) EXPECT_TRUE(told.contains(line)) << "docs/recipe.md lacks the row\n" << line;
  for (const std::string& line : told)
    EXPECT_TRUE(known.contains(line)) << "docs/recipe.md has a row of no key\n" << line;
}

TEST(Keys, MakeRecipesOfThePagesExamples) {
  int examples = 0;
  std::optional<std::string> example;
  for (const std::string& line : page()) {
    if (line == "```toml") {
      example = "";
    } else if (example && line == "```") {
      EXPECT_EQ(complaint(*example), "") << *example;
      example.reset();
      ++examples;
    } else if (example) {
      *example += line + '\n';
    }
  }
  EXPECT_GE(examples, 3);
}

}  // namespace
}  // namespace thalweg::recipe
