// What both programs share: finding the command, and turning what it throws into one line on stderr and an exit code.
#pragma once

#include <functional>
#include <span>
#include <string_view>

namespace thalweg::cli {

// Exit codes. 1 is a command's own answer (findings at or above --fail-on).
inline constexpr int kDone = 0;
inline constexpr int kFindings = 1;
inline constexpr int kUsage = 2;
inline constexpr int kInput = 3;
inline constexpr int kIo = 4;
inline constexpr int kInternal = 70;

struct Handler {
  std::string_view command;
  int (*run)(int argc, char** argv);  // argv[0] is the command's name
};

// The whole of a program's main: `thalweg`, `--help`, `--version`, `help COMMAND`, and the commands. A command that is
// known, but not among `handlers`, is handed to the other program (thalweg ↔ thalweg-torch), which lies beside this
// one.
int run_program(int argc, char** argv, std::span<const Handler> handlers);

// Runs `command`; an Error is printed as "thalweg: …" (each further line as it is) and gives its exit code, out of
// memory and anything else gives 70.
int run_command(const std::function<int()>& command);

}  // namespace thalweg::cli
