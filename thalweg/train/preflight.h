// What can be said before the first step: data, network, the initial loss against the best constant prediction's, the
// signal's way through the layers, what other initialisers would make of it, a first learning rate, and whether one
// batch can be fitted at all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"
#include "thalweg/record/finding.h"
#include "thalweg/record/recurrence.h"
#include "thalweg/train/initial_rate.h"
#include "thalweg/train/preflight_start.h"

namespace thalweg {

// One small batch trained on alone, by Adam whatever the recipe's optimizer: a network that is wired to its loss can
// learn it by heart. Fitted: its loss falls below kFitted times the best constant prediction's for that batch, above
// what the loss must keep (label smoothing).
struct OneBatch {
  bool fitted = false;
  std::int64_t rows = 0;
  std::int64_t steps = 0;
  double first_loss = 0.0;
  double last_loss = 0.0;
  double constant_loss = 0.0;
};

struct Preflight {
  std::int64_t train_rows = 0, validation_rows = 0, test_rows = 0;
  std::vector<std::int64_t> input_shape;
  std::int64_t classes = 0;  // 0: real targets
  std::int64_t parameters = 0;
  std::int64_t steps_per_epoch = 0;
  std::int64_t planned_steps = 0;
  double initial_loss = 0.0;
  double constant_loss = 0.0;  // NaN where there is no closed form
  double symmetry_bits = 0.0;  // log2 of the number of arrangements of the units that compute the same
  Start start;
  std::vector<StartTried> tried;        // only where the start has a finding
  int recommended = -1;                 // of `tried`; -1: none is nearer to keeping the signal
  std::vector<int> better;              // of `tried`, one for each of layers_at_start(start); -1: none
  std::vector<RecurrentLayer> in_time;  // of recurrent layers
  InitialRate rate;
  OneBatch one_batch;
  std::vector<std::string> notes;
  std::string network;  // the table of layers
  Judgement judgement;  // of the checks that need no step
};

using PreflightStage = std::function<void(std::string_view words)>;  // hears what begins
Preflight preflight(
    const recipe::Recipe& recipe, const PreflightStage& stage = [](std::string_view) {});

}  // namespace thalweg
