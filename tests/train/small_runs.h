// Runs of a second on made-up data, for tests of the loop.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "thalweg/recipe/parse.h"
#include "thalweg/train/run_folder.h"
#include "thalweg/train/training.h"

namespace thalweg::small_runs {

inline constexpr int kSteps = 7;  // in the middle of the second epoch of 5 steps

struct Folder {  // a temporary one, removed at the end
  Folder();
  ~Folder();
  std::filesystem::path path;
};

struct Network {
  std::string name;
  std::string data;       // synthetic | images | text
  std::string model;      // TOML, the [model] table's lines
  std::string optimizer;  // TOML, the [optimizer] table's lines
};
inline void PrintTo(const Network& network, std::ostream* out) { *out << network.name; }  // for gtest
std::vector<Network> networks();
Network network(const std::string& name);

std::string recipe(const Network& network, const std::filesystem::path& folder);  // makes the data, too

TrainingOutcome train(const std::string& text, const std::filesystem::path& out,
                      const std::vector<std::string>& set = {}, std::vector<std::string>* notes = nullptr);
TrainingOutcome resume(const std::filesystem::path& run, const std::vector<std::string>& set = {},
                       std::vector<std::string>* notes = nullptr);

std::string file_bytes(const std::filesystem::path& file);

}  // namespace thalweg::small_runs
