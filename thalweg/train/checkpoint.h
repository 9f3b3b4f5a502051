// Checkpoints: checkpoint/<step>/ with model.safetensors, optimizer.safetensors and state.json.
//
// Written beside, synced, read back and compared, renamed; only then do `last` and `best` point to it and older ones
// go. A kill at any moment leaves the one before. The same bits give the same files, byte for byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "thalweg/data/safetensors.h"
#include "thalweg/model/network.h"
#include "thalweg/optim/optimizer.h"
#include "thalweg/optim/schedule.h"
#include "thalweg/train/stop.h"

namespace thalweg {

// Where the loop stands, beside weights and optimizer state.
struct Position {
  std::int64_t step = 0;
  double seconds = 0.0;   // trained so far
  double loss_sum = 0.0;  // of mini-batches since the last evaluation
  std::int64_t loss_count = 0;
  double rate_scale = 1.0;  // what control made of the learning rate
  Schedule::State schedule;
  StopRules::State stop;
  std::string random;  // torch's random stream, hexadecimal
};

class Checkpoints {
 public:
  // `keep`: how many to keep, the best one not counted.
  Checkpoints(std::filesystem::path run_folder, std::int64_t keep);

  // Throws IoError (disk full, no rights): then the ones before are still there.
  void write(const Position& position, const NamedTensors& model, const NamedTensors& optimizer, bool best);
  // Moves the name `best`, to a checkpoint that is there.
  void name_best(std::int64_t step);

  struct Loaded {
    Position position;
    NamedTensors model;
    NamedTensors optimizer;
  };
  // The one that `name` points to ("last", "best", "1200"), or, where that is damaged, the newest good one before it,
  // with a note in `warning`. Nothing when there is none; InputError when all are damaged.
  std::optional<Loaded> load(const std::string& name, std::string* warning = nullptr) const;

 private:
  void prune(std::int64_t newest) const;
  std::filesystem::path folder_;
  std::int64_t keep_;
};

NamedTensors model_tensors(const Network& network);                                        // parameters, then buffers
void load_model(Network& network, const NamedTensors& tensors, const std::string& where);  // InputError: names, shapes

}  // namespace thalweg
