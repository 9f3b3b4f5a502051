// Means over rows with their 95% intervals. Internal to the theme.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "thalweg/record/run.h"

namespace thalweg {

std::vector<Interval> over_rows(const at::Tensor& values);  // [rows, k] to k

}  // namespace thalweg
