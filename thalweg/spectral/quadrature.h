// The distribution of a unit vector's weight over the eigenvalues, as a run of Lanczos from it knows it.
//
// The measure μ = Σ (vᵀu_i)² δ(λ_i) has the moments of the run's Jacobi matrix. Its Gauss rule gives nodes and weights
// (Golub, Welsch 1969); and for any x the rule with a node put at x (Gauss-Radau) bounds the weight up to x from above,
// whatever the rest of the spectrum (Chebyshev, Markov, Stieltjes; Golub, Meurant 2010, chapter 6). Internal to the
// room.
#pragma once

#include <vector>

#include "thalweg/spectral/certificate.h"

namespace thalweg {

struct Quadrature {
  std::vector<double> nodes;    // ascending
  std::vector<double> weights;  // positive; they add up to 1
};

// Of a recurrence with one start vector.
Quadrature gauss_quadrature(const Recurrence& recurrence);

// Upper bound on Σ_{λ_i ≤ x} (vᵀu_i)².
double weight_up_to(const Recurrence& recurrence, double x);

}  // namespace thalweg
