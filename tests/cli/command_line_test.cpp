// The program as a whole: finding commands, exit codes, where it writes.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "tests/cli/program.h"
#include "thalweg/cli/command_table.h"
#include "thalweg/record/version.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CommandLine, WithoutArgumentsListsTheCommands) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"--help"}, {"-h"}, {"help"}}) {
    const Said said = thalweg(arguments);
    EXPECT_EQ(said.code, 0);
    EXPECT_THAT(said.err, IsEmpty());
    for (const Command& command : commands()) {
      EXPECT_THAT(said.out, HasSubstr("  " + std::string(command.name)));
      EXPECT_THAT(said.out, HasSubstr(std::string(command.summary)));
    }
  }
}

TEST(CommandLine, SaysItsVersion) {
  EXPECT_EQ(thalweg({"--version"}).out, std::string("thalweg ") + kVersion + "\n");
  EXPECT_EQ(thalweg({"-V"}).code, 0);
}

TEST(CommandLine, EveryLightCommandHasHelpWithAnExample) {
  for (const Command& command : commands()) {
    if (command.torch) continue;
    const std::string name(command.name);
    const Said said = thalweg({name, "--help"});
    EXPECT_EQ(said.code, 0);
    EXPECT_THAT(said.out, HasSubstr("Usage: thalweg " + name));
    EXPECT_THAT(said.out, HasSubstr("Example:\n  thalweg " + name));
    EXPECT_THAT(said.out, HasSubstr("--json"));
    EXPECT_EQ(thalweg({"help", name}).out, said.out);
  }
}

TEST(CommandLine, ASlipIsAnsweredWithTheNearestCommand) {
  const Said said = thalweg({"expalin"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.out, IsEmpty());
  EXPECT_EQ(said.err, "thalweg: there is no command 'expalin'; did you mean 'explain'? 'thalweg --help' lists them\n");
}

TEST(CommandLine, AHostileCommandIsShownNotObeyed) {
  const Said said = thalweg({"\x1b[2J\n"});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err, "thalweg: there is no command '\\x1b[2J\\x0a'; 'thalweg --help' lists them\n");
}

TEST(CommandLine, AWrongOptionIsAnsweredWithTheNearestOne) {
  const Said said = thalweg({"explain", "--jsn"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.out, IsEmpty());
  EXPECT_EQ(
      said.err,
      "thalweg: unexpected argument '--jsn'; did you mean '--json'? 'thalweg explain --help' lists what there is\n");
}

TEST(CommandLine, AMissingArgumentIsNamed) {
  const Said said = thalweg({"compare"});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err, "thalweg: RUN is required; 'thalweg compare --help' shows how it is called\n");
}

TEST(CommandLine, AFullDiskBehindStandardOutputIsAnError) {
  const Said said = run({.command = {thalweg_path(), "explain"}, .environment = {}, .folder = {}, .to = "/dev/full"});
  EXPECT_EQ(said.code, 4);
  EXPECT_EQ(said.err, "thalweg: cannot write to standard output: No space left on device\n");
}

// Commands that need torch live in the program beside this one.
class HandingOn : public ::testing::Test {
 protected:
  HandingOn() { fs::copy_file(thalweg_path(), program_); }
  Said call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_.string());
    return run({.command = arguments, .environment = {}, .folder = {}, .to = {}});
  }
  TemporaryFolder folder_;
  fs::path program_ = folder_.path() / "thalweg";
};

TEST_F(HandingOn, ArgumentsAndExitCodeAreHandedThrough) {
  const fs::path other = folder_.path() / "thalweg-torch";
  write_file(other, "#!/bin/sh\nfor a in \"$@\"; do echo \"[$a]\"; done\nexit 1\n");
  fs::permissions(other, fs::perms::owner_all);
  const Said said = call({"train", "a b.toml", "--set", "x=1"});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out, "[train]\n[a b.toml]\n[--set]\n[x=1]\n");
}

TEST_F(HandingOn, AMissingProgramIsNamed) {
  const Said said = call({"train", "a.toml"});
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.err,
              StartsWith("thalweg: cannot start " + (fs::canonical(folder_.path()) / "thalweg-torch").string() +
                         ", which holds the command 'train': No such file or directory"));
}

TEST_F(HandingOn, TheProgramIsFoundThroughALink) {
  const TemporaryFolder elsewhere;
  fs::create_symlink(program_, elsewhere.path() / "thalweg");
  const Said said =
      run({.command = {(elsewhere.path() / "thalweg").string(), "train"}, .environment = {}, .folder = {}, .to = {}});
  EXPECT_THAT(said.err, HasSubstr((fs::canonical(folder_.path()) / "thalweg-torch").string()));
}

}  // namespace
}  // namespace thalweg::cli
