// How many negative eigenvalues a symmetric operator has: the index of a saddle, between two bounds.
//
// Lower: an orthonormal projection QAQᵀ with k negative eigenvalues beyond rounding shows that A has k (Cauchy's
// interlacing). Rounding is ‖error‖ ≤ 4 √m ν, for m products of an error ν each (relative_noise() · ‖A‖).
//
// Upper, of the eigenvalues below −ε, with probability ≥ confidence: the negative directions Y that were found, k of
// them, are taken out. A has at most k eigenvalues below −ε more than its compression B to what is orthogonal to Y
// (interlacing again, whatever Y is). A run of Lanczos on B from a new random unit vector v bounds v's weight w on B's
// eigenvalues below −ε from above (quadrature.h), while v's weight on a space of n dimensions out of d is
// Beta(n/2, (d − n)/2): n such eigenvalues are ruled out where P(Beta ≤ w) ≤ 1 − confidence. n = 1 is the certificate
// that none is left (Kuczyński, Woźniakowski 1992; Royer, O'Neill, Wright 2020; certificate.h); larger n bound a count
// that is too large to be found one by one. Where Y is not the whole of it, what was found joins it, and a new run
// starts; the runs share 1 − confidence (halves, sixths, twelfths, …).
//
// Eigenvalues within ±ε cannot be told from zero. Near zero is also where a spectrum is dense: then ε at the rounding
// floor leaves a wide bound, and `certified_below` says for which threshold the count would be settled.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

struct IndexOptions {
  double epsilon = 0.0;      // at least the rounding floor, 8 √m ν; 0: that
  double confidence = 0.95;  // of the upper bound, in (0, 1)
  int products = 100;        // at most; the dimension or more: the spectrum is computed exactly
  std::uint64_t seed = 0;
  at::Tensor basis;       // [m, p], optional: orthonormal rows, and
  at::Tensor projection;  // [m, m], A in them: LanczosResult has both, and the negative directions need no new search
};

struct IndexBounds {
  std::int64_t lower = 0;             // at least so many eigenvalues are negative
  std::optional<std::int64_t> upper;  // at most so many are below −epsilon; empty: the budget ruled nothing out
  double epsilon = 0.0;               // what was used
  double confidence = 0.0;            // of `upper`, and of the next two; 1 where the spectrum was computed
  std::int64_t certified_count = 0;   // at most so many eigenvalues
  double certified_below = 0.0;       // are below this; −infinity where the run is too short to tell
  std::int64_t products = 0;
};

// std::invalid_argument for options that cannot be met; NotFinite where a product is not finite.
IndexBounds index_bounds(LinearOperator& a, const IndexOptions& options = {});

}  // namespace thalweg
