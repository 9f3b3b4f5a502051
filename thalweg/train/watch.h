// The instruments, the checks and the store, in anybody's training loop:
//
//     thalweg::Watch watch(model->named_parameters(), optimizer, {.store = "runs/mine"});
//     for (auto& [x, y] : batches) {
//       auto loss = criterion(model->forward(x), y);
//       watch.backward(loss);   // in place of loss.backward()
//       watch.step();           // in place of optimizer.step()
//     }
//
// The training stays the same, bit for bit. Whatever fails here is given up with one warning. In a forked child nothing
// is watched: backward and step do what the loop would do without.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/optim/optimizer_view.h"
#include "thalweg/optim/step_sums.h"
#include "thalweg/record/run.h"
#include "thalweg/train/run_record.h"
#include "thalweg/train/watch_options.h"

namespace torch {
template <typename Key, typename Value>
class OrderedDict;
namespace optim {
class Optimizer;
}
}  // namespace torch

namespace thalweg {

class Observer;

class Watch {
 public:
  using Closure = std::function<at::Tensor()>;  // the loss of the same batch again, with its graph
  using Parameters = std::vector<std::pair<std::string, at::Tensor>>;

  // UsageError: options that cannot be, no parameters, a store that another process is writing. IoError.
  Watch(const torch::OrderedDict<std::string, at::Tensor>& parameters, torch::optim::Optimizer& optimizer,
        WatchOptions options = {});
  // Any optimizer; null: the weights are changed by hand, and u is their change between two backwards.
  Watch(Parameters parameters, std::unique_ptr<OptimizerView> optimizer, WatchOptions options = {});
  // For a loop with a record of its own.
  struct Run {
    RunHeader header;
    RunRecord::Options record;
  };
  Watch(Parameters parameters, std::unique_ptr<OptimizerView> optimizer, WatchOptions options, Run run);
  ~Watch();  // closes
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // In place of loss.backward(). A closure that computes the same batch's loss again opens the instruments that need a
  // second forward; what it draws and changes is put back.
  void backward(const at::Tensor& loss, const Closure& closure = {});
  // In place of optimizer.step(); of updates by hand it says that they are done.
  void step();
  at::Tensor step(const Closure& closure);  // optimizer.step(closure)

  // The same in parts, for loops in which others call backward and step.
  struct Batch {
    double scale = 1.0;  // the loss was multiplied by this (gradient scaling)
    // What the loop knows better than the loss tensor says; NaN: that is all there is.
    double loss = std::numeric_limits<double>::quiet_NaN();       // as it is reported
    double objective = std::numeric_limits<double>::quiet_NaN();  // L in double, as the closure would give it
    double objective_error = std::numeric_limits<double>::quiet_NaN();
    std::int64_t rows = 0;
    bool closure_of_step = false;  // the closure gives the loss of all of the step's backwards together
    int of = 0;                    // backwards in this step; 0: not known beforehand
  };
  // True: the backward that follows must keep the graph.
  bool before_backward(const at::Tensor& loss, const Closure& closure, const Batch& batch);
  void after_backward();
  void before_step();
  // `loop_seconds`: what the loop measured, around all calls of this step before this one; where that is more than what
  // was counted here (another language's calls), it counts.
  void after_step(std::span<const StepSums> sums = {}, double loop_seconds = 0.0);
  // Whether an instrument will need a second forward of the step to come: then, what `Batch` can say is worth working
  // out.
  bool wants_second_forward();
  void resume_clock();  // what the loop did since the last step was no training
  // Steps to come on which nothing is due: the loop may leave out all calls for so many, and say so afterwards.
  std::int64_t rest() const;
  void rested(std::int64_t steps);

  void log(const std::string& name, double value, const std::string& split = "heldout");  // "heldout" or "train"
  std::string verdict() const;  // "healthy", "fault", "cannot_tell"
  std::vector<Finding> findings() const;
  struct Overhead {
    double budget = 0.0;
    double share = 0.0;                           // of the training time, first turns aside
    double first = 0.0;                           // seconds that the first turns took
    double seconds = 0.0;                         // all time spent here
    double trained = 0.0;                         // seconds of training
    std::int64_t peak_bytes = 0;                  // most that a turn allocated
    std::map<std::string, double> by_instrument;  // share, first turns included
    std::map<std::string, double> period;         // steps between turns, on average; infinite: none
  };
  Overhead overhead() const;
  std::string summary() const;             // text, 80 columns
  std::vector<std::string> notes() const;  // what was said on the way, and at construction
  std::string store() const;               // the folder that is written; "": none
  std::int64_t steps() const;              // made so far
  void close();                            // ends the record; findings and summary stay

  RunRecord& record();
  const History& history() const;
  Observer& observer();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
