// Extreme eigenvalues of a symmetric operator, with error bounds and the probability that none was missed.
//
// Lanczos with full reorthogonalisation and thick restart (Wu, Simon 2000). Every Ritz pair leaves with the norm of its
// residual ‖A y − θ y‖, from the products that were made; its error is bounded by min(r, r²/gap) (Kato 1949; Temple
// 1933). It is 'converged' only when that bound is below the tolerance and, with probability ≥ 1 − miss, nothing was
// missed further out (certificate.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <vector>

#include "thalweg/spectral/certificate.h"
#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

struct LanczosOptions {
  int top = 1;              // pairs wanted at the upper end
  int bottom = 0;           // and at the lower one
  int spare = 0;            // further pairs to give back at each wanted end, as they are: to start from again
  double tolerance = 1e-3;  // converged: error bound ≤ tolerance · |θ|
  double margin = 0.05;     // and no eigenvalue further out than θ by more than margin · |θ|,
  double miss = 0.01;       // with a probability of at least 1 − miss
  bool certify = true;      // false: the second condition is dropped (tracking)
  int max_products = 500;
  int max_vectors = 120;       // of the basis; then it is restarted with the best ones
  std::uint64_t seed = 0;      // of the random start
  at::Tensor start;            // [k, p], optional: Ritz vectors of an earlier call, the most wanted first
  double random_share = 0.05;  // length of the random part that is mixed into a given start
  int block = 1;               // start vectors: more than one finds repeated eigenvalues
  std::function<void(int products)> progress = [](int) {};
};

struct RitzPair {
  double value = 0.0;
  double residual = 0.0;  // ‖A y − θ y‖
  double error = 0.0;     // bound on the distance to the nearest eigenvalue, rounding included
  bool converged = false;
  at::Tensor vector;  // [p], unit
};

struct LanczosResult {
  std::vector<RitzPair> top;  // outermost first; fewer than wanted only where p is smaller
  std::vector<RitzPair> bottom;
  double miss = 0.0;       // as asked for, or the least that rounding allows
  double above = 0.0;      // with probability ≥ 1 − miss no eigenvalue lies above this,
  double below = 0.0;      // and none below that
  double noise = 0.0;      // rounding: no eigenvalue is known better than to this
  bool converged = false;  // all wanted pairs are
  std::int64_t products = 0;
  Recurrence recurrence;            // of the first stretch, before a restart
  std::vector<double> ritz_values;  // all, ascending
  at::Tensor basis;                 // [m, p], orthonormal: what the projection V A Vᵀ below is taken in
  at::Tensor projection;            // [m, m] in double on the CPU, symmetric
};

// std::invalid_argument for options that cannot be met. A product that is not finite ends the search: NotFinite.
LanczosResult lanczos(LinearOperator& a, const LanczosOptions& options = {});

class NotFinite : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace thalweg
