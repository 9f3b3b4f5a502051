// The surrogate that is minimised: loss over a batch, and the penalties that belong to it.
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
    at::Tensor total;       // 0-dim, with graph: what is differentiated (reduction and penalties in it)
    at::Tensor rows;        // [rows] detached: loss of each row, without penalties
    double loss() const;    // mean of rows in double: what is reported (waits for the device)
  };
  Value operator()(const at::Tensor& outputs, const at::Tensor& targets) const;

  // objective in double, for the differences L(θ+u) − L(θ): mean (or sum) of rows in double, penalties in double.
  double exact(const Value& value) const;

  // The loss of the best constant prediction for these targets (cross-entropy: the entropy of the class shares; mse: the variance …);
  // NaN where there is none in closed form.
  double best_constant(const Part& part) const;

 private:
  recipe::Loss loss_;
  DataInfo data_;
  std::vector<at::Tensor> weights_;
};

}  // namespace thalweg
