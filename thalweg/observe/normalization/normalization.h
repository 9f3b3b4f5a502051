// What is wrong with a batch normalisation, if anything is. It divides by statistics of the batch in training and by
// running ones in evaluation (Ioffe, Szegedy 2015); so it can fail in ways that no other layer has. Of each such layer,
// from two forwards on consecutive steps (batches A and B; μ, σ² over all axes but the kept one, C channels):
//     statistics_gap     √(mean over channels of ((μ_run − μ)² + (σ_run − σ)²) / σ²),  μ, σ²: means of A's and B's,
//                        less what sampling alone makes of it, ¼((μ_A − μ_B)² + (σ_A − σ_B)²) / σ²; the bar is its root
//     statistics_noise   √(Σ ½ (σ²_A − σ²_B)²/m² / Σ σ²_A σ²_B/m²),  m = ½ (σ²_A + σ²_B), sums over channels: the
//                        relative standard deviation of σ²; √(2/(n − 1)) for n independent Gaussian values a channel
//     constant_channels  share of channels with σ² ≤ eps
//     feature_spread     largest over smallest standard deviation of the features behind the norm, its scales divided
//                        out: 1 where each feature has its own statistics, whatever came in
// One step apart the weights have hardly moved, so that A and B differ by the luck of the draw.
//
// Features: the last axis of a sequence [rows, time, features], else axis 1. The kept axis is not told by a tap: it is
// the one whose length is that of the running statistics; where several fit, the first from 1 on. Features that come in
// constant have no spread, and are left out. Cost: two forwards, 0.7 gradient units.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

#include "thalweg/observe/instrument.h"

namespace thalweg {

class Normalization final : public Instrument {
 public:
  struct Options {
    double eps = 1e-5;  // of the norms, LibTorch's: what a channel's variance is constant at
  };
  static constexpr std::string_view kName = "normalization";
  Normalization() : Normalization(Options{}) {}
  explicit Normalization(Options options) : options_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.taps = true, .two_steps = true, .gradient_units = 0.7, .at_most = 2.0, .share = 0.05};
  }
  void after_backward(const Step& step, ReadingSink& out) override;

  // Of one layer's input on one batch.
  struct Channels {
    at::Tensor mean;       // [C], double
    at::Tensor variance;   // [C], double, biased
    double entries = 0.0;  // of each
    double spread = 0.0;   // of the features behind it; NaN: fewer than two that vary
  };

 private:
  Channels channels_of(const Step& step, const Passage& passage) const;
  void say(const Step& step, const std::string& layer, const Channels& first, const Channels& second,
           ReadingSink& out) const;

  Options options_;
  std::int64_t last_ = -2;  // the step of the batch before
  std::map<std::string, Channels> before_;
};

}  // namespace thalweg
