// What a Watch is asked to do.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {

class Tap;

struct WatchOptions {
  // The run's folder: run.sqlite is written in it. Empty: nothing is kept on disk. Where a finished run is there
  // already, the next free of "mine-2", "mine-3", … is taken; where another process is writing it, that is an error.
  std::filesystem::path store;
  std::string name;                              // of the run; "": the folder's
  double budget = 0.03;                          // share of the training time that looking may take, 0 to 1
  std::int64_t cadence = 0;                      // steps; > 0: each instrument on every so many-th step, no budget
  std::vector<std::string> instruments{"auto"};  // "auto", "all", "none", or names
  // "loss": what is differentiated is a loss, whose level means something. "surrogate": it has none (a policy gradient,
  // a GAN's loss), and checks that judge by the level are silent.
  std::string objective = "loss";
  std::vector<at::Tensor> buffers;  // what a forward changes beside the weights (running statistics): put back after a
                                    // second forward
  std::vector<std::string> buffer_names;  // of these, "norm1.running_mean"; empty: not known
  std::function<void(Tap*)> tap;  // sets who hears the network's layers (model/tap.h), null: nobody; empty: nobody can
  int rank = 0;                   // above 0: "-rank<n>" is appended to the store
  std::int64_t memory_limit = std::int64_t{1} << 30;  // bytes that a turn may allocate; beyond: quarantined
  std::function<void(const std::string&)> warn;       // one line each; empty: torch's own warnings (TORCH_WARN)
  std::int64_t planned_steps = 0;                     // of the run; 0: not known
  std::uint64_t seed = 0;                             // of the instruments' own random numbers
  bool free_sums = false;                             // the loop gives the sums of each step to after_step
  double call_seconds = 0.0;  // what a call of the watch costs in the loop's own language, counted as spent
};

}  // namespace thalweg
