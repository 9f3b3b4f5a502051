// Wall-clock seconds of a stretch of work, and what they come to in gradient units.
//
// A gradient unit is measured, not modelled: the seconds of a product over the seconds of one forward and backward on
// the same batch, by the same clock on the same machine. On an accelerator both ends wait for the device's queue.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

class Stopwatch {
 public:
  explicit Stopwatch(c10::Device device = c10::kCPU);  // starts
  double seconds() const;                              // since the start

 private:
  c10::Device device_;
  std::chrono::steady_clock::time_point start_;
};

// Adds `products` that took `seconds` together.
void add_products(OperatorCost& cost, double seconds, double seconds_per_gradient, std::int64_t products = 1);

}  // namespace thalweg
