// 95% intervals of what was counted and averaged over rows. Rows are independent; the entries of one row are not.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/record/run.h"

namespace thalweg {

inline constexpr double kNormal95 = 1.959963984540054;

// Mean and scatter of the numbers seen so far, in double, batch by batch (Chan, Golub, LeVeque 1979).
class RowMoments {
 public:
  void add(const at::Tensor& values);
  std::int64_t count() const { return count_; }
  double mean() const;              // NaN of nothing
  double variance_of_mean() const;  // scatter / count², infinite for fewer than two numbers

 private:
  std::int64_t count_ = 0;
  double mean_ = 0.0;
  double scatter_ = 0.0;  // Σ (x − mean)²
};

// value ± z·√variance.
Interval normal_interval(double value, double variance);

// For a value in [0, 1] with this sampling variance: Wilson's interval (1927) with the number of rows n that would give
// a share this variance, p (1 − p) / n. For a share of right rows n is their number; for means over clusters it is the
// effective one. `rows` takes its place where the variance is 0: no row told anything else.
Interval share_interval(double value, double variance, double rows);

}  // namespace thalweg
