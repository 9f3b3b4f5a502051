// With which probability a Krylov method has not missed an eigenvalue.
//
// A residual tells that some eigenvalue is near, never that none lies beyond. What lies beyond is hidden only where the
// random start v has almost nothing of its eigenvector u, and how little follows from the coefficients of the run: with
// π_j the polynomials of its recurrence (v_j = π_j(A) v),
//     (vᵀu)² Σ_j π_j(μ)² = Σ_j (v_jᵀu)² ≤ 1      for an eigenpair (μ, u),
// while a uniformly random unit v has (vᵀu)² ≤ c with probability at most √(2 p c / π). So an eigenvalue at μ was
// missed with probability at most √(2 p / (π Σ π_j(μ)²)): van Dorsselaer, Hochstenbach, van der Vorst 2000. It sharpens
// the bound of Kuczyński, Woźniakowski 1992, which Royer, O'Neill, Wright 2020 use, in that it looks at this very run.
// It counts values, not their multiplicity.
#pragma once

#include <cstdint>
#include <vector>

namespace thalweg {

// A v_j = Σ_i columns[j][i] v_i over orthonormal v_0, v_1, …, the first `block` of them the start: what a run leaves.
struct Recurrence {
  std::int64_t dimension = 0;  // p
  double random_share = 1.0;   // length of the random part of the unit start vector (1: all of it)
  std::vector<std::vector<double>> columns;
  int block = 1;       // random start vectors
  double noise = 0.0;  // ‖error of a product‖ / ‖A‖: no smaller part of an eigenvector is seen
};

// Upper bound on (vᵀu)² for an eigenpair at mu: 1 / Σ π_j(μ)². For a block, on the geometric mean over its vectors.
double weight_bound(const Recurrence& recurrence, double mu);

// Upper bound on the probability that there is an eigenvalue at mu, or further out, that left no more trace in the run;
// in [0, 1].
double miss_probability(const Recurrence& recurrence, double mu);

// The smallest miss probability that a run can show: what the rounding of its products could hide. 1e-3 or less in
// float32 up to a million parameters.
double least_miss(const Recurrence& recurrence);

// The smallest μ ≥ from (the largest Ritz value) such that, with probability ≥ 1 − miss, no eigenvalue lies above it;
// and the largest μ ≤ from (the smallest Ritz value) such that none lies below. ±infinity where the run is too short to
// tell.
double upper_bound(const Recurrence& recurrence, double from, double miss);
double lower_bound(const Recurrence& recurrence, double from, double miss);

}  // namespace thalweg
