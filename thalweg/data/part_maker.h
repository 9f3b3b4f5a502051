// From rows of tables to parts of a dataset.
#pragma once

#include <ATen/core/Tensor.h>

#include "thalweg/data/array.h"
#include "thalweg/data/dataset.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// The rows of a part, and the table they are of.
struct PartRows {
  const Array* inputs = nullptr;
  at::Tensor rows;  // undefined: there is no such part
  at::Tensor targets;
};
struct SplitRows {
  PartRows train, validation, test;
};

// Fits the inputs' scaling on the training part and makes the three parts, with what DataInfo and DataStatistics say of
// the inputs. `dataset.info` knows the targets already. Inputs of a mapped file stay there when those of all parts
// together would take more than data.memory as float32.
void make_parts(const recipe::Data& data, const SplitRows& split, Dataset& dataset);

}  // namespace thalweg
