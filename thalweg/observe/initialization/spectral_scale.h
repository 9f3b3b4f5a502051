// How much a layer's weights can amplify, whatever its shape:
//
//     s(W) = ‖W‖₂ √(columns / rows)        W: [rows, columns]; a kernel [out, in, k, k] counts as [out, in·k·k]
//
// the largest factor from the rms of an input to the rms of W x. Near 1 in a start that keeps features of size 1 (Yang,
// Simon, Bernstein 2023, "A spectral condition for feature learning"); the same of an update, over that of the weight,
// says by how much a step changes what the layer does.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace thalweg {

struct SpectralNormOptions {
  double tolerance = 1e-3;  // Lanczos on WᵀW or WWᵀ, the smaller one: its bound on the error of ‖W‖₂², relative
  int max_products = 60;
  std::uint64_t seed = 0;  // of the random start
};

// ‖W‖₂ of a tensor of two or more axes, from below; NaN where an entry is not finite, 0 of zeros.
double spectral_norm(const at::Tensor& weight, const SpectralNormOptions& options = {});

double spectral_scale(const at::Tensor& weight, const SpectralNormOptions& options = {});

}  // namespace thalweg
