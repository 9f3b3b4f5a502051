// How the signal passes the layers, as an instrument: measure_signal (signal.h has the formulas) on the step's own
// batch, before the update.
//
// Says of each layer activation_mean, activation_rms, activation_gradient_rms, input_correlation; of the whole model
// backward_gain, correlation_length, depth_in_lengths. Cost: a forward and a backward, 1 gradient unit, and the
// cosines of 64 rows at each layer. Only where a closure is given and the network lets itself be tapped.
#pragma once

#include "thalweg/observe/instrument.h"
#include "thalweg/observe/propagation/signal.h"

namespace thalweg {

class PassingSignal final : public Instrument {
 public:
  static constexpr std::string_view kName = "signal";
  PassingSignal() : PassingSignal(SignalOptions{.units = false}) {}
  explicit PassingSignal(SignalOptions options) : options_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.taps = true, .gradient_units = 1.3, .share = 0.1}; }
  void after_backward(const Step& step, ReadingSink& out) override;

 private:
  SignalOptions options_;
};

}  // namespace thalweg
