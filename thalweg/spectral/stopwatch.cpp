#include "thalweg/spectral/stopwatch.h"

#include <ATen/DeviceAccelerator.h>

namespace thalweg {
namespace {

void wait_for(c10::Device device) {
  if (at::accelerator::isAccelerator(device.type())) at::accelerator::synchronizeDevice(device.index());
}

}  // namespace

Stopwatch::Stopwatch(c10::Device device) : device_(device) {
  wait_for(device_);
  start_ = std::chrono::steady_clock::now();
}

double Stopwatch::seconds() const {
  wait_for(device_);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void add_products(OperatorCost& cost, double seconds, double seconds_per_gradient, std::int64_t products) {
  cost.products += products;
  cost.seconds += seconds;
  cost.gradient_units += seconds / seconds_per_gradient;
}

}  // namespace thalweg
