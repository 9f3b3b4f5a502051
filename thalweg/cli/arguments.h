// What every command's arguments share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace thalweg::cli {

struct CommonOptions {
  bool json = false;   // one object on stdout
  bool quiet = false;  // no progress, no notes
};

// A parser for `command`, with its summary and example from the command table, --json, --quiet and --help.
struct Arguments {
  explicit Arguments(const std::string& command);
  // False when --help was asked for and printed: the command is done. A wrong argument is a UsageError that names the
  // nearest option and the help to read.
  bool parse(int argc, char** argv);

  CLI::App app;
  CommonOptions common;
};

}  // namespace thalweg::cli
