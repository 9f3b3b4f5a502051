// How alike the network's inputs look at each layer, and over how many layers what tells them apart is lost.
//
//     c_l(i, j) = hᵢ·hⱼ / (‖hᵢ‖ ‖hⱼ‖)       h: input of the l-th weighted layer, l = 0 … depth      (Poole et al. 2016)
//     |c_l − c*| ∝ exp(−l/ξ)                                  c*: fixed point of the layers' map     (Schoenholz et al.
//     2017)
//
// c* need not be known exactly: pairs that begin more alike and pairs that begin less so go to the same c*, and
//     D_l = mean of hᵢ·hⱼ/N over the more alike pairs − over the less alike ones ∝ exp(−l/ξ)       (N numbers a row)
// is what the depth has left of the difference. Products instead of cosines: where layers keep the activations' size
// the two fall alike; where they shrink it, as small weights without biases do, cosines stay and the signal goes all
// the same. Both groups are taken among the pairs that begin near the limit, that is the mean cosine over all pairs at
// the last layer: the layers' map is straight only there. The groups are the upper and the lower third of those.
//
// ξ = −1 / mean of ln D_(l+1)/D_l. Each layer has its own random weights: the steps of ln D are as good as
// independent, and their spread gives Student's 95% interval of the mean; that of the rows (jackknife over eight groups
// of them, Tukey 1958) is added in quadrature. The mean runs over layers where
//   D_l > 4 standard errors over rows and above rounding (what is left is noise otherwise), and
//   |cosine of the less alike − limit| ≤ near; where fewer than four steps are left by that, all are taken.
// Shapes: h is flattened to [rows, numbers]; at most `rows` rows are used. All in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "thalweg/record/signal.h"

namespace thalweg {

struct CorrelationOptions {
  std::int64_t rows = 64;
  double near = 0.25;     // to the limit
  double resolved = 4.0;  // standard errors
};

// hᵢ·hⱼ/N of the first rows, [n, n] in float64. h: [rows, …].
at::Tensor inner_products(const at::Tensor& h, std::int64_t rows);
// The same as cosines, [(layers,) n, n]; a row of zeros is NaN.
at::Tensor cosines(const at::Tensor& products);

struct MeanCorrelation {
  double value = kNoSignal, error = kNoSignal;  // mean over pairs i < j, half-width by the jackknife over rows
};
MeanCorrelation mean_correlation(const at::Tensor& cosines);  // [n, n] on the CPU

struct CorrelationLength {
  double length = kNoSignal, low = kNoSignal, high = kNoSignal;  // ξ; infinite where nothing is lost
  double limit = kNoSignal;                                      // mean over pairs at the last layer
  double rate = kNoSignal, rate_error = kNoSignal;               // e-folds a layer, 1/ξ
  int steps = 0;                                                 // of ln D that went into it
};
// Of the inner products at each weighted layer's input, in order: [layers, n, n] on the CPU.
CorrelationLength correlation_length(const at::Tensor& products, const CorrelationOptions& options = {});

}  // namespace thalweg
