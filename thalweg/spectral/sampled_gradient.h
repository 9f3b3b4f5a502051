// The gradient G of the training objective at one point, from K mini-batches, with what the sample can and cannot tell.
//
//     mean gradient  ḡ = Σ gᵢ / K
//     ‖G‖² unbiased: the mean of gᵢ·gⱼ over i ≠ j, since E gᵢ·gⱼ = ‖G‖² for independent batches; its interval by the
//     jackknife evidence       1 − (K/D) Σ_d ḡ_d² / s_d² · (K−3)/(K−1)   (Mahsereci, Balles, Lassner, Hennig 2017, eq.
//     9, with mini-batches as
//                    the samples): above 0 the mean gradient is no larger than its own sampling noise makes it.
//                    (K−1)/(K−3) is the expectation of K ḡ²/s² when G is zero (an F variable), so that the criterion is
//                    centred for small K.
// Cost: K gradient units.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace thalweg {

struct SampledGradient {
  int batches = 0;
  double norm_sq = 0.0;  // ‖G‖², unbiased; may be negative, which says that it is not resolved
  double low = 0.0;      // 95% interval of ‖G‖²
  double high = 0.0;
  double noise_sq = 0.0;  // tr(Σ)/K: what sampling alone gives ‖ḡ‖²
  double evidence = 0.0;
  double norm() const;  // √max(0, norm_sq)
  bool resolved() const { return low > 0.0; }
};

// How many batches of gradients of `parameters` fit in `bytes` beside each other, between 4 and 16.
int batches_within(const std::vector<at::Tensor>& parameters, double bytes = 512e6);

// `objective(k)`: the objective on the k-th batch, with graph. .grad is left alone. batches ≥ 4.
SampledGradient sample_gradient(const std::vector<at::Tensor>& parameters, int batches,
                                const std::function<at::Tensor(int)>& objective);

}  // namespace thalweg
