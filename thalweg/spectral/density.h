// The density of the eigenvalues by stochastic Lanczos quadrature (Ubaru, Chen, Saad 2017; Ghorbani, Krishnan, Xiao
// 2019).
//
// A run of m steps from a random unit start v gives the Gauss rule of v's weight over the spectrum: nodes θ_j, weights
// ω_j. Over starts the weight averages to 1/p an eigenvalue, so that
//     φ_σ(t) = (1/p) Σ_i g_σ(t − λ_i) ≈ mean over starts of Σ_j ω_j g_σ(t − θ_j),     g_σ a Gaussian of deviation σ.
// σ is the bandwidth: nothing narrower can be told. The band is the standard error over the starts. Eigenvalues far out
// weigh 1/p each: they show on a logarithmic axis, if at all; Lanczos (lanczos.h) is what finds them.
#pragma once

#include <cstdint>
#include <vector>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

struct DensityOptions {
  int products = 100;      // in all; the dimension or more: the spectrum is computed exactly
  int starts = 5;          // at least 2; products / starts steps each
  double bandwidth = 0.0;  // σ; 0: half the range of the nodes over the steps
  int grid = 201;          // points, over the range of the nodes and three σ more on either side
  std::uint64_t seed = 0;
};

struct SpectralDensity {
  std::vector<double> grid;            // t
  std::vector<double> density;         // φ_σ(t): its integral is 1
  std::vector<double> standard_error;  // the expected curve lies inside two of them in at least 95 of 100 cases
  double bandwidth = 0.0;
  double mass_below_zero = 0.0;  // share of the eigenvalues below zero by more than rounding, without the kernel
  double mass_error = 0.0;       // its standard error
  double smallest = 0.0, largest = 0.0;  // of the nodes: inside the spectrum, not its ends
  std::vector<double> nodes, weights;    // of all starts together; the weights add up to 1
  std::int64_t products = 0;
};

// std::invalid_argument for options that cannot be met; NotFinite where a product is not finite.
SpectralDensity spectral_density(LinearOperator& a, const DensityOptions& options = {});

}  // namespace thalweg
