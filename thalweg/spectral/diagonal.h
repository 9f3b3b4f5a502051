// The diagonal of a symmetric operator from a few products (Bekas, Kokiopoulou, Saad 2007): for entries ±1 at random,
//     E[z ⊙ Az] = diag A,   with variance Σ_{j≠i} a_ij² in entry i.
// It needs as many probes as the off-diagonal part is heavy: an entry far below its row's length is lost in the noise,
// and its standard error says so.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

struct DiagonalOptions {
  int products = 30;  // at least 2; the dimension or more: the diagonal is exact
  std::uint64_t seed = 0;
};

struct DiagonalEstimate {
  at::Tensor value;           // [p]
  at::Tensor standard_error;  // [p]: the truth lies inside two of them in at least 95 of 100 cases
  std::int64_t products = 0;
};

// std::invalid_argument for fewer than two products; NotFinite where a product is not finite.
DiagonalEstimate estimate_diagonal(LinearOperator& a, const DiagonalOptions& options = {});

}  // namespace thalweg
