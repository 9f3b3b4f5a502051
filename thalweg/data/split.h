// Which rows go where.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "thalweg/data/random.h"

namespace thalweg {

struct DrawnRows {
  at::Tensor kept;   // int64, in the order of the file
  at::Tensor drawn;  // likewise; undefined where the fraction comes to no row
};

// Draws round(fraction · n) of `rows` ([n] int64, ascending). With `labels` ([of all rows] int64) each class gives its
// share, as nearly as whole rows allow (largest remainders); undefined labels: all rows are alike. UsageError, naming
// `key`, where nothing would be left.
DrawnRows draw_rows(const at::Tensor& rows, double fraction, const at::Tensor& labels, Random random,
                    const std::string& key);

}  // namespace thalweg
