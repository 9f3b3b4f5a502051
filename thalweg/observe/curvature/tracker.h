// The extreme eigenvalues of an operator that changes a little from look to look, as the Hessian does along a training
// run: each search starts from the Ritz vectors of the one before (spectral/lanczos.h), two for each end, since with
// one a search stays at its eigenvalue when another one has passed it.
//
// A search that starts from nothing is certified: it goes on until with 99% probability nothing lies further out. One
// that starts from vectors is bounded in products; where it ends before it has converged its residuals say so, and the
// next goes on from where it was. Where a residual has jumped the vectors are worth little, and the next search is
// certified again. The lower end of a network's spectrum is dense, and a search from vectors often ends at the wrong
// one of several eigenvalues: there every error reaches to where, with 99% probability, nothing lies further out, for
// which a random part is mixed into the start.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

class EigenTracker {
 public:
  // Gradient units of a certified search: the graph, and products of up to 2.7 each (docs/curvature.md).
  static constexpr double kDearest = 1.0 + 2.7 * 40;
  struct Options {
    bool top = true;
    bool bottom = false;
    double tolerance = 0.01;                     // of an eigenvalue, relative
    double jump = 0.3;                           // a residual above this share of ‖A‖: certify the next time
    int cold_products = 40;                      // at most, in a certified search
    int warm_products = 12;                      // and in one that starts from vectors
    std::int64_t bytes = std::int64_t{1} << 28;  // for the basis, as far as six vectors go into it
    std::uint64_t seed = 0;
  };
  struct Value {
    double value = 0.0;
    double error =
        0.0;  // of the residual; at the bottom, and after a certified search, also to what may lie further out
  };
  struct Look {
    std::optional<Value> top, bottom;
    std::int64_t products = 0;
    bool certified = false;  // searched so
    bool converged = false;
  };
  EigenTracker() : EigenTracker(Options{}) {}
  explicit EigenTracker(Options options) : options_(options) {}

  // Nothing where a product is not finite; the vectors are then forgotten.
  std::optional<Look> look(LinearOperator& a);

 private:
  Options options_;
  at::Tensor vectors_;  // [k, p]
  bool doubtful_ = false;
  std::uint64_t looks_ = 0;
};

}  // namespace thalweg
