// How noisy the gradient is: B = tr Σ / ‖G‖², the batch size at which a step's gradient is half signal, half noise
// (McCandlish, Kaplan, Amodei et al. 2018). G is the mean over batches, Σ the covariance of a single row's gradient.
//
// From K independent gradients g_k of equal batches at the same weights, in two sizes of batch (one, and all together)
// as in their appendix A, without bias:
//     ‖E g_k‖² ≈ (‖Σ g_k‖² − Σ ‖g_k‖²) / (K (K − 1)),      tr Cov g_k ≈ (Σ ‖g_k‖² − ‖Σ g_k‖² / K) / (K − 1).
// Both are said at the size of the step's gradient, with their 95% intervals over the last looks; B is the ratio of
// their means with its jackknife interval (ratio_of_means.h), and not said where ‖G‖² is not told from zero. It is in
// rows where the loop says them, else in batches of one step.
//
// Micro-batches of unequal size make B wrong by their spread. With batch norm rows know of each other, and B is that of
// batches of this size.
#pragma once

#include <vector>

#include "thalweg/observe/instrument.h"
#include "thalweg/observe/ratio_of_means.h"

namespace thalweg {

// The means over the looks, and saying them.
class NoiseLooks {
 public:
  explicit NoiseLooks(RatioOfMeans::Options options) : means_(options) {}
  // Of the step's gradient: E‖g − G‖² and ‖G‖².
  void say(const Step& step, double variance, double signal, float cost, ReadingSink& out);

 private:
  RatioOfMeans means_;
};

// From a step's micro-batches: their gradients are the differences of the one that piles up. Silent where a step has
// one backward. Cost: a copy of the gradient and a pass over it for each backward.
class NoiseScale final : public Instrument {
 public:
  static constexpr std::string_view kName = "noise_scale";
  NoiseScale() : NoiseScale(RatioOfMeans::Options{}) {}
  explicit NoiseScale(RatioOfMeans::Options options) : looks_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.gradient = true, .each_backward = true, .gradient_units = 0.2, .share = 0.05};
  }
  void after_backward(const Step& step, ReadingSink& out) override;
  void after_update(const Step& step, ReadingSink& out) override;

 private:
  NoiseLooks looks_;
  int backwards_ = 0;
  std::vector<at::Tensor> piled_up_;
  double of_squares_ = 0.0;  // Σ ‖g_k‖²
  double of_sum_ = 0.0;      // ‖Σ g_k‖²
};

// From two steps, where the loop gives a closure: the gradient of the first at its weights, and the next batch's at the
// same weights. Cost: a gradient unit, and copies of gradient and weights from one step to the next.
class NoisePairs final : public Instrument {
 public:
  static constexpr std::string_view kName = "noise_pairs";
  NoisePairs() : NoisePairs(RatioOfMeans::Options{}) {}
  explicit NoisePairs(RatioOfMeans::Options options) : looks_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.gradient = true, .second_forward = true, .two_steps = true, .gradient_units = 1.3, .share = 0.1};
  }
  void after_backward(const Step& step, ReadingSink& out) override;

 private:
  NoiseLooks looks_;
  std::int64_t step_ = -1;  // of the first of two
  std::vector<at::Tensor> weights_, gradient_;
};

}  // namespace thalweg
