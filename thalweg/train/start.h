// A network at its start, on one batch: how the signal passes its layers, forwards and backwards, and what its weights
// are like. What initial_readings says of layers, and `thalweg check` draws.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/observe/initialization/weights_at_start.h"
#include "thalweg/record/signal.h"
#include "thalweg/train/workbench.h"

namespace thalweg {

struct Start {
  struct Sums {
    std::string parameter;
    double gradient_sq = 0.0;
    double weight_sq = 0.0;
  };
  Signal signal;
  std::vector<WeightsAtStart> weights;
  std::vector<Sums> sums;  // one a parameter
  double loss = 0.0;       // of the batch, penalties included
  // Of layer i of the signal: √(mean over rows, units of (h − its mean over rows)²) = rms √(1 − correlation): what of
  // its outputs tells rows apart.
  double spread(std::size_t i) const;
  // Smallest over largest pull of a layer (weights_at_start.h); layers without any pull are not counted. 0
  // where nothing pulls at any.
  double pull_ratio() const;
  // Spread of the last layer with weights but one, over the largest before it: what reaches the output layer.
  double forward_ratio() const;
};

struct StartOptions {
  std::int64_t rows = 128;
  bool update = false;  // the first update, too: update_scale
};

// In training mode, as the first step will be. Weights, .grad, buffers and random state stay as they are.
Start measure_start(const Workbench& bench, Network& network, const Objective& objective,
                    const StartOptions& options = {});

// As readings of step 0, layers in their scopes. What a run's own first step reads (gradient_sq, weight_sq of each
// parameter) is in it only with `sums`.
struct StartReadingsOptions {
  bool sums = false;
};
std::vector<Reading> readings_at_start(const Start& start, const std::function<Scope(std::string_view name)>& scope_of,
                                       const StartReadingsOptions& options = {});

}  // namespace thalweg
