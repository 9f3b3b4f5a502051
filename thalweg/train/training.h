// A run: from a recipe to a run folder. The loop reads, in training.cpp, as the paragraph that explains it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "thalweg/diagnose/history.h"
#include "thalweg/model/network.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/record/run.h"

namespace thalweg {

// What the loop tells whoever watches it from outside. All may be left as they are.
struct TrainingEvents {
  struct StepDone {
    std::int64_t step = 0;     // steps made
    std::int64_t planned = 0;  // 0: not known
    double epoch = 0.0;
    double seconds = 0.0;
    double loss = 0.0;  // of this mini-batch
    double learning_rate = 0.0;
  };
  std::function<void(const RunHeader&, const Network&)> started = [](const RunHeader&, const Network&) {};
  std::function<void(const StepDone&, const History&)> step = [](const StepDone&, const History&) {};
  std::function<void(const Evaluation&)> evaluated = [](const Evaluation&) {};
  std::function<void(const Action&)> acted = [](const Action&) {};
  std::function<void(const std::string&)> note = [](const std::string&) {};  // a line that the user should read
};

struct TrainingOptions {
  std::filesystem::path out;              // the run folder; must not hold a run unless resume
  bool resume = false;                    // go on from checkpoint/last in `out`
  std::filesystem::path initial_weights;  // a safetensors file to start from instead of the initialiser; empty: none
  std::filesystem::path dump;  // folder for the initial weights and the first batches, as safetensors; empty: none
  std::int64_t dump_batches = 0;
  const std::atomic<int>* signal = nullptr;  // non-zero: stop at the next step boundary, with a checkpoint
  TrainingEvents events;
};

struct TrainingOutcome {
  RunResult result;
  RunHeader header;
  History history;
  std::string checkpoint_error;  // the last checkpoint could not be written; "" when all is well
};

TrainingOutcome train(recipe::Recipe recipe, const TrainingOptions& options);

}  // namespace thalweg
