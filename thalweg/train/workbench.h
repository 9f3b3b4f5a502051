// A recipe's data, network and objective, put together: what `train` and `check` both start from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/data/batches.h"
#include "thalweg/data/dataset.h"
#include "thalweg/model/lsuv.h"
#include "thalweg/model/network.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/record/reading.h"
#include "thalweg/train/objective.h"

namespace thalweg {

NetworkShape shape_of(const DataInfo& info);  // what a network for these data is fed and asked for

struct Workbench {
  // Loads, splits and scales the data, builds and initialises the network, and seeds torch's random stream (dropout).
  explicit Workbench(const recipe::Recipe& recipe);

  recipe::Recipe recipe;
  Dataset data;
  std::unique_ptr<Network> network;
  std::vector<at::Tensor> parameters;
  Objective objective;
  Batches batches;
  std::int64_t batches_per_epoch = 0;  // micro-batches; one that a batch norm cannot take is not counted
  std::int64_t steps_per_epoch = 0;
  std::vector<std::string> notes;  // what the user should know

  const Part& judged_part() const { return data.heldout() != nullptr ? *data.heldout() : *data.train; }
  std::unique_ptr<Network> fresh_network() const { return network_of(recipe.model); }  // as before the first step
  std::unique_ptr<Network> network_of(const recipe::Model& model) const;  // the recipe's, with other initialisers
  // What network_of does for init.kind = "lsuv", with one batch of the training rows.
  LsuvResult scale_by_data(Network& fresh, const recipe::Model& model) const;
  // K batches of the training part, drawn apart from the training's own order: for measuring gradients at a point.
  // `rows` in each; 0: training's own number, but at least 512 and at most 1024.
  std::vector<Batch> sample_batches(int count, std::int64_t rows = 0) const;
};

// What is known before the first step: how large inputs and targets are, the initial loss and the best constant
// prediction's. What is known of its layers: start.h.
std::vector<Reading> initial_readings(Workbench& bench);

}  // namespace thalweg
