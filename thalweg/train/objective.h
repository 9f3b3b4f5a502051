// The surrogate that is minimised: loss over a batch, and the penalties that belong to it.
//
//     L = reduction over every entry of the batch of loss_terms  +  ½ l2 Σ |w|²  over weights with two or more axes
// A row's loss is the mean over its entries (the characters of a sequence, the columns of a table), so that the mean
// over rows is torch's reduction = "mean".
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "thalweg/data/dataset.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

class Objective {
 public:
  // `weights`: parameters with two or more axes are penalised when loss.l2 > 0.
  Objective(const recipe::Loss& loss, const DataInfo& data, std::vector<at::Tensor> weights);

  struct Value {
    at::Tensor total;          // 0-dim, with graph: what is differentiated (reduction and penalties in it)
    at::Tensor rows;           // [rows] detached: loss of each row, without penalties
    std::int64_t entries = 1;  // in each row
    double loss() const;       // mean of rows in double: what is reported (waits for the device)
  };
  // UsageError where the loss does not fit the outputs or the targets: it names both shapes and what fits. Nothing
  // waits for the device.
  Value operator()(const at::Tensor& outputs, const at::Tensor& targets) const;

  // objective in double, for the differences L(θ+u) − L(θ): mean (or sum) of rows in double, penalties in double, of
  // the weights as they are now.
  double exact(const Value& value) const;

  // The loss of the best constant prediction for these targets (best_constant.h has the formulas), NaN where there is
  // none. `outputs`: columns of the network's output, which decides what mse on classes means; 0: one for each class.
  // Of more than a million entries evenly spaced rows stand for all.
  double best_constant(const Part& part, std::int64_t outputs = 0) const;

 private:
  recipe::Loss loss_;
  DataInfo data_;
  std::vector<at::Tensor> weights_;
};

}  // namespace thalweg
