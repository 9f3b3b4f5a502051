// A dataset in its parts, ready for training: rows in, batches out.
//
// inputs:  [n, columns] float32 for tables, [n, channel, height, width] float32 for images, [n, time, features] for
//          sequences, [n, context] int64 for text.
// targets: [n] int64 classes, [n, columns] float32 real or multilabel or one-hot, [n, time] int64 for sequences of
// classes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

struct Batch {
  at::Tensor inputs;
  at::Tensor targets;
  std::int64_t rows = 0;
};

// One part of a dataset. Rows lie in one contiguous tensor in the file's own type (bytes stay bytes where the file is
// mapped); scaling is part of the gather where it was not done beforehand.
class Part {
 public:
  virtual ~Part() = default;
  virtual std::int64_t rows() const = 0;
  // The rows named by `index` ([k] int64), in that order.
  virtual Batch gather(const at::Tensor& index) const = 0;
  // Rows first … first+count-1. May be a view of the data: not to be written to.
  virtual Batch slice(std::int64_t first, std::int64_t count) const = 0;
  // Whether a gather reads a file, so that the next batch is worth preparing beside the training.
  virtual bool slow_to_gather() const { return false; }
};

// What the model and the reports need to know of the data.
struct DataInfo {
  std::vector<std::int64_t> input_shape;  // of one row: {784}, {1, 28, 28}, {28, 28} for sequences, {context} for text
  bool tokens = false;                    // inputs are whole numbers: characters
  std::int64_t vocabulary = 0;            // tokens: how many
  recipe::TargetKind targets = recipe::TargetKind::classes;  // never infer
  std::int64_t classes = 0;                                  // 0 for real targets
  std::int64_t target_columns = 1;                           // real, multilabel, onehot
  // Real targets were scaled as t' = (t − shift) / scale; metrics are reported in t's unit. One entry a column.
  std::vector<double> target_shift;
  std::vector<double> target_scale;
  std::string characters;  // text: UTF-8 of the vocabulary in order of its numbers
};

// What the training part looks like after scaling: for the checks that judge data before the first step.
struct DataStatistics {
  double input_mean = 0.0;
  double input_rms = 0.0;
  double input_max_abs = 0.0;
  // Largest over smallest non-zero standard deviation among columns (channels, features).
  double input_scale_spread = 1.0;
  double target_rms = 0.0;          // real targets
  std::vector<double> class_share;  // classes: share of each in the training part; labels: share of ones
};

struct Dataset {
  std::shared_ptr<Part> train;
  std::shared_ptr<Part> validation;  // null where there is none
  std::shared_ptr<Part> test;        // null where there is none
  DataInfo info;
  DataStatistics statistics;
  std::vector<std::string> notes;  // what a user should know: "2 constant columns are only centred"

  // Where verdicts are judged while training: validation, else test, else null.
  const Part* heldout() const { return validation ? validation.get() : test.get(); }
};

// Reads, checks, splits and scales. `folder`: where relative paths start. Throws InputError (bad or corrupt data),
// IoError, UsageError (a recipe that does not fit the file), each naming the file, the place and what is allowed.
Dataset load_dataset(const recipe::Data& data, std::uint64_t seed, const std::filesystem::path& folder);

}  // namespace thalweg
