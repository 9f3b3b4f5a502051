// What a Watch knows and holds: the parts of the run, and the step under way.
//
// A step begins at its first backward and ends after the update. The last backward is foreseen, not known: it is the
// n-th where the step before had n. Where fewer come, the gradient is looked at before the step; where more come, again
// after each.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "thalweg/observe/observer.h"
#include "thalweg/store/fork_guard.h"
#include "thalweg/train/replay.h"
#include "thalweg/train/watch.h"

namespace thalweg {

struct Watch::State {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  State(Parameters given, std::unique_ptr<OptimizerView> optimizer, WatchOptions asked, std::optional<Run> run);

  void warn(const std::string& text);  // once each
  void say_what_is_odd(const Parameters& given);
  RunHeader make_header() const;

  bool awake() const { return !closed && process.here(); }
  void begin_step(bool closure_given, bool closure_of_step);
  void read_loss(const at::Tensor& loss, const Batch& batch);
  void take_closure(const Closure& closure, const Batch& batch);
  bool take_graph(const at::Tensor& loss);
  void look_at_gradient();
  void offer_second_forwards();
  void prepare_update();
  void keep_weights();
  void find_objective();
  double rounding_of_loss();
  void finish_step(std::span<const StepSums> sums);
  void put_each_step();
  void forget_step();
  bool gradients_were_dropped() const;
  bool begins_again() const;
  void evaluated_again();
  bool weights_moved() const;
  std::vector<float> fingerprint() const;
  void spend_beyond(double loop_seconds);
  void keep_time();
  void attend();
  void look_ahead();
  void flush_log();
  RunResult result() const;

  WatchOptions options;
  ForkGuard process;
  std::vector<std::string> names;       // of the watched parameters
  std::vector<at::Tensor> parameters;   // those that asked for a gradient when the watch began
  std::unique_ptr<OptimizerView> view;  // null: by hand
  torch::optim::Optimizer* steps_with = nullptr;
  std::vector<std::string> notes;
  std::set<std::string> warned;
  std::filesystem::path folder;  // empty: none
  std::optional<RunRecord> record;
  std::optional<Observer> observer;
  Replay replay;
  bool closed = false;

  // the step under way
  std::int64_t index = 0;
  bool planned = false, looked = false, prepared = false, in_step = false;
  bool repeating = false;  // the closure is evaluated again: the step's loss and gradient stay the first's
  Needs plan;
  Step step;
  Batch batch;
  int backwards = 0, expected = 1;
  std::optional<StepGraph> graph;
  std::vector<at::Tensor> gradient, before, change;
  std::vector<double> squares;
  std::size_t with_gradient = 0;  // the number of a parameter that had one after the last backward
  std::vector<float> print;       // a few weights, to see updates by hand

  // what is learnt on the way
  bool closures_refused = false, repeats = false, forewarned = false;
  int trusted = 0;  // looks for which L(θ) of the closure need not be asked again: it gave the loss itself
  double rounding = 0.0, rounding_at = 0.0;
  double books = 0.0;                // seconds that an ordinary step costs here, recent mean
  std::optional<Evaluation> logged;  // at this step
  // The last of each that the loop logged.
  struct {
    Interval heldout_loss{kNone, kNone, kNone};
    std::vector<NamedMetric> metrics;
  } last;

  // time
  using Clock = std::chrono::steady_clock;
  class Spending;  // what a member function takes is spent, not trained
  class Preparing;
  std::optional<Clock::time_point> since;  // the end of the step before
  double spent_since = 0.0, spent_now = 0.0, typical = 0.0;
  std::int64_t steps_since = 0, rested = 0, resting = 0;
};

// Of `given` those that are watched: that ask for a gradient, each once.
Watch::Parameters watched(const Watch::Parameters& given);

}  // namespace thalweg
