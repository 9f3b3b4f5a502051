// Scaling, fitted on the training part: x' = (x − shift) / scale, for each column, channel or feature.
//
// standardize  shift the mean, scale the standard deviation (of the population, divided by n)
// minmax       shift the least, scale the range: to [0, 1]
// unit         bytes: scale 255; anything else: minmax
// divide       scale the given number
// row_l2       no fit: each sample is divided by its length √Σx²; a sample of zeros stays
// A constant column is only centred: its scale is 1.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/data/measure.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

struct ColumnScaling {
  std::vector<double> shift;
  std::vector<double> scale;
  std::int64_t constant = 0;  // columns that are only centred
};
// `groups`: moments of the columns that are scaled, in the training part. `key` names the recipe's key in errors.
ColumnScaling fit(const recipe::ScalingChoice& choice, const Moments& groups, bool bytes, const std::string& key);

// What happens to a batch's inputs between the file and the network.
class InputScaling {
 public:
  InputScaling(const recipe::ScalingChoice& choice, const Array& array, const Moments& columns, const std::string& key);

  // `rows`: as gathered from the file. Gives float32 of the same shape.
  at::Tensor apply(const at::Tensor& rows) const;
  // The same, into contiguous float32 memory of as many elements.
  void apply_into(at::Tensor out, const at::Tensor& rows) const;
  // The moments of the columns after scaling; row_l2 changes them otherwise, and needs a pass of its own.
  bool is_affine() const { return kind_ != recipe::Scaling::row_l2; }
  Moments scaled(const Moments& columns, const Layout& layout) const;
  std::int64_t constant_columns() const { return affine_.constant; }

 private:
  recipe::Scaling kind_;
  at::ScalarType type_;
  ColumnScaling affine_;
  at::Tensor shift_;  // shaped to meet [rows, …]; undefined: nothing to do
  at::Tensor scale_;
};

}  // namespace thalweg
