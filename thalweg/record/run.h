// The values that describe a run: its header, its evaluations, its actions and how it ended.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "thalweg/record/finding.h"

namespace thalweg {

// Written once, when the run starts.
struct RunHeader {
  std::string name;
  std::string recipe;  // resolved, TOML
  std::string thalweg_version;
  std::string torch_version;
  std::string started;  // UTC, ISO 8601
  std::uint64_t seed = 0;
  int threads = 0;
  std::int64_t parameters = 0;
  std::int64_t planned_steps = 0;  // 0: not known beforehand
  std::int64_t steps_per_epoch = 0;
  std::int64_t heldout_rows = 0;
  std::string heldout = "heldout";  // "heldout", or "train" where nothing is held out
  std::string loss;                 // "cross_entropy"
  std::vector<std::string> metrics;
  std::string optimizer;
  double peak_learning_rate = 0.0;
};

struct Interval {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

struct NamedMetric {
  std::string name;
  std::string split;  // "heldout" | "train"
  Interval interval;
};

// Loss and metrics on one part of the data at one step.
struct Evaluation {
  std::int64_t step = 0;
  double epoch = 0.0;
  double seconds = 0.0;     // of the run so far
  double train_loss = 0.0;  // mean of the mini-batch losses since the last evaluation
  Interval heldout_loss;
  std::vector<NamedMetric> metrics;
};

// A change that control applied to the training.
struct Action {
  std::int64_t step = 0;
  std::string code;   // of the finding that asked for it
  std::string lever;  // "optimizer.lr"
  double from = 0.0;
  double to = 0.0;
  Trial trial;               // what proved it
  double loss_before = 0.0;  // median mini-batch loss over the window before
  double loss_after = 0.0;   // and after; NaN until there is one
};

// Everything that `thalweg train` reports at the end.
struct RunResult {
  std::string run;  // folder
  std::string
      stop_reason;  // "epochs", "steps", "seconds", "metric_target", "patience", a rule's name, "signal", "non_finite"
  std::int64_t step = 0;
  double epoch = 0.0;
  double seconds = 0.0;
  double train_loss = 0.0;
  Interval heldout_loss;
  std::vector<NamedMetric> metrics;
  double gradient_norm = 0.0;           // ‖G‖ over the training part, or a sample of it
  bool gradient_resolved = true;        // false: no larger than its sampling noise; gradient_norm is what it is at most
  double relative_gradient_norm = 0.0;  // over its value at the first step
  bool critical = false;                // whether the gradient is within its own sampling noise of zero
  double budget = 0.0;
  double overhead = 0.0;  // share of the training time
  std::map<std::string, double> overhead_by_instrument;
  Judgement judgement;
  std::vector<Action> actions;
  std::vector<std::string> next;  // commands worth typing
};

}  // namespace thalweg
