// What the recurrent layers of the network make of the past, while it trains: recurrence.h on four rows of the step's
// own batch. Of each rnn, gru and lstm: the spectral radius, the largest Lyapunov exponent (the lowest, too, where the
// state has no more than 64 numbers), the slope of the gradient's logarithm back in time, the horizon, and
// backward_gain, here ‖∂L/∂s_1‖ / ‖∂L/∂s_T‖: over the whole sequence.
//
// Silent where no parameter is named as a recurrent layer's, and of networks that are not from a recipe. The horizon is
// said where the gradient falls to a hundredth within the sequence: what lies beyond it was not seen.
//
// Cost: it depends on how long the sequence is beside the batch, since each of its T steps is made by itself: some 7
// gradient units at T = 60 and batches of 32 rows.
#pragma once

#include "thalweg/observe/instrument.h"
#include "thalweg/observe/recurrence/recurrence.h"

namespace thalweg {

class InTime final : public Instrument {
 public:
  struct Options {
    std::int64_t rows = 4;
    std::int64_t all_exponents = 64;  // of states with no more numbers
    std::int64_t exponents = 4;       // else
    std::int64_t matrix = 256;        // RecurrenceOptions
  };
  static constexpr std::string_view kName = "recurrence";
  InTime() : InTime(Options{}) {}
  explicit InTime(Options options) : options_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.taps = true, .gradient_units = 7.0, .at_most = 20.0, .share = 0.1}; }
  void after_backward(const Step& step, ReadingSink& out) override;

 private:
  Options options_;
};

}  // namespace thalweg
