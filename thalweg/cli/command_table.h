// The commands that there are, in the order in which they are listed.
#pragma once

#include <span>
#include <string_view>

namespace thalweg::cli {

struct Command {
  std::string_view name;
  std::string_view arguments;  // "R.toml [--out DIR] …"
  std::string_view summary;    // one line
  std::string_view example;
  bool torch = false;  // lives in thalweg-torch
};

std::span<const Command> commands();
const Command* command_named(std::string_view name);  // null when there is none

}  // namespace thalweg::cli
