// How large the rounding error of a gradient is: ‖g computed − g‖, below which nothing about g can be claimed.
//
// The parameters are moved by the last bit of each entry, up or down at random, forth and back:
//     s = g(θ + δ) + g(θ − δ) − 2 g(θ)
// The gradient's own change cancels to first order and what is left of it is of order δ², far below rounding. The three
// rounding errors do not cancel: they are as good as independent, ‖s‖² ≈ 6 ‖error‖² (difference tables: Hamming; Moré,
// Wild 2011, SIAM J. Sci. Comput. 33). An error that all three share is not seen, as that of one rounding common to
// all.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace thalweg {

struct GradientNoiseOptions {
  int repetitions = 2;     // each costs two gradient units, and one the start; ≥ 1
  std::uint64_t seed = 0;  // of the signs
};

struct GradientNoise {
  double norm = 0.0;    // estimate of ‖error of g‖; NaN where the gradient is not finite
  at::Tensor gradient;  // [p], at the parameters
};

// `loss`: builds a 0-dim loss on `parameters` (leaves that require gradients; moved and put back bit for bit, also when
// it throws). Called again it must give the same one: what else varies, as dropout, is counted as noise.
// std::invalid_argument for parameters that are none and repetitions below 1.
GradientNoise gradient_noise(const std::function<at::Tensor()>& loss, const std::vector<at::Tensor>& parameters,
                             const GradientNoiseOptions& options = {});

}  // namespace thalweg
