// The parts of a run and what happens to them in a step.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/data/batches.h"
#include "thalweg/data/dataset.h"
#include "thalweg/model/network.h"
#include "thalweg/optim/optimizer.h"
#include "thalweg/optim/schedule.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/train/checkpoint.h"
#include "thalweg/train/control.h"
#include "thalweg/train/evaluate.h"
#include "thalweg/train/objective.h"
#include "thalweg/train/random_state.h"
#include "thalweg/train/stop.h"
#include "thalweg/train/training.h"
#include "thalweg/train/watch.h"
#include "thalweg/train/workbench.h"

namespace thalweg {

class Session {
 public:
  Session(const recipe::Recipe& recipe, const TrainingOptions& options);

  void start();
  void step();
  bool evaluation_due() const;
  void evaluate();
  bool checkpoint_due() const;
  void checkpoint();
  std::string stop_reason() const;  // "" while none is met
  TrainingOutcome finish(const std::string& reason);

 private:
  struct Forward;  // one micro-batch: its data, its random state, its objective
  using Clock = std::chrono::steady_clock;
  static double seconds_between(Clock::time_point a, Clock::time_point b) {
    return std::chrono::duration<double>(b - a).count();
  }

  RunHeader header() const;
  void prepare_folder() const;
  void read_start();
  void resume();
  void dump();
  Forward forward(std::int64_t micro, std::int64_t of, bool keep_random);
  at::Tensor again(const std::vector<Forward>& forwards);
  void try_smaller_step(const std::vector<Forward>& forwards, const std::vector<at::Tensor>& update);
  void look_back(double loss, double weight_sq);
  double learning_rate() const { return schedule_.at(position_.step) * control_.rate_scale(); }
  double seconds() const;
  double epoch() const;
  void stopped_point(RunResult& result, std::int64_t step);  // whether the run stopped near a critical point
  double gradient_evidence();
  // The step whose weights these are afterwards.
  std::int64_t restore_best();
  void put_end(const PartValues& training, std::int64_t step);
  void look_at_point(bool at_end);
  bool measure_point(double seconds, bool stands);  // false: the time is too short
  Reading neighbours(const Batch& batch) const;

  TrainingOptions options_;
  Workbench bench_;
  std::unique_ptr<Optimizer> optimizer_;
  StopRules stop_;
  Schedule schedule_;
  Checkpoints checkpoints_;
  RunHeader header_;
  Control control_;
  std::unique_ptr<Watch> watch_;
  Position position_;
  double rate_ = 0.0;         // of the step under way
  bool finite_ = true;        // the weights
  bool looks_ = true;         // at the point where the run stands
  bool best_so_far_ = false;  // the last evaluation was the best
  std::int64_t evaluated_at_ = -1, checkpointed_at_ = -1, next_look_ = 0;
  std::string checkpoint_error_;
  Clock::time_point started_ = Clock::now();
  Evaluation last_evaluation_;
};

}  // namespace thalweg
