// Run folders with known contents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace thalweg::cli {

struct SampleRun {
  std::string name = "fashion-mlp";
  std::uint64_t seed = 0;
  double lr = 0.001;
  double loss = 0.31;       // held-out, at the end
  double accuracy = 0.891;  // held-out, at the end
  bool finished = true;     // else it has evaluations, but no result
  bool healthy = true;      // else there is one finding
  std::string stop_reason = "epochs";
};

// Writes `folder`/run.sqlite: ten epochs of 20 steps, in which the loss falls from 2.3 to `loss`.
void write_run(const std::filesystem::path& folder, const SampleRun& run);

}  // namespace thalweg::cli
