// The one line that moves while a run trains.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace thalweg::report {

// NaN: not known yet, left out.
struct LiveState {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::int64_t step = 0;
  std::int64_t planned = 0;  // 0: not known beforehand
  double epoch = kUnknown;
  double loss = kUnknown;   // a recent mean of the mini-batch losses
  bool loss_known = false;  // the loss is shown even when it is not finite
  std::string metric_name;  // "accuracy"; the last held-out value
  double metric = kUnknown;
  double learning_rate = kUnknown;
  double rho = kUnknown;  // overshoot
  double seconds_left = kUnknown;
};

// "step 1,234/4,220  29%  loss 0.412  accuracy 87.1%  lr 0.001  ρ 0.36  1 min 12 s left", never wider than `width`:
// what matters less is left out first (epoch, lr, percentage, ρ, time left, metric).
std::string live_line(const LiveState& state, int width);

}  // namespace thalweg::report
