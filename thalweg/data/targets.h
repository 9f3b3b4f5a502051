// Targets, judged: what they are, how many classes there are, and that every one of them is allowed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/data/source.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// The targets of whole tables, row by row.
// classes: [n] int64; sequence: [n, time] int64; real: [n, columns] float64; multilabel, onehot: [n, columns] float32.
struct Targets {
  recipe::TargetKind kind = recipe::TargetKind::classes;
  std::int64_t classes = 0;  // 0 for real
  std::int64_t columns = 1;
  at::Tensor train;
  at::Tensor test;  // undefined where the source has no such table
  at::Tensor validation;
};

// `data.targets`, or what the source tells: whole numbers of a file that has types are classes, and of one that has not
// where they are at least 0 and fewer than rows; a matrix of 0 and 1 is one-hot where each row has one 1, else
// multilabel; whole numbers for each step of a sequence are a sequence; anything else is real. InputErrors name the
// element: negative, fractional or non-finite classes, more than a million of them, rows that are not one-hot, targets
// of another shape. UsageErrors: a kind that does not fit.
Targets read_targets(const Source& source, const recipe::Data& data, std::vector<std::string>& notes);

}  // namespace thalweg
