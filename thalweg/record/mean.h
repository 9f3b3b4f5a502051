// The mean of a few values, over seeds say, with its 95% interval by Student's t (Student 1908):
//     mean ± t(n − 1) · s / √n,   s² = Σ (x − mean)² / (n − 1).
#pragma once

#include <span>

#include "thalweg/record/run.h"

namespace thalweg {

// One value has no interval: low and high are NaN. No value has no mean either.
Interval mean_interval(std::span<const double> values);

}  // namespace thalweg
