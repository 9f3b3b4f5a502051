// The trace of a symmetric operator from a few products, with a standard error that holds.
//
// All methods rest on E[zᵀAz] = tr A for entries ±1 drawn at random (Hutchinson 1990), whose variance is
// 2 (‖A‖_F² − Σ a_ii²): it lives on the few large eigenvalues, so these are taken out and added exactly. For
// orthonormal rows Q,
//     tr A = tr QAQᵀ + tr (I − QᵀQ) A (I − QᵀQ),
// the first exactly, the second by probes.
//   kKrylov      Q: a Krylov space. Its own products give QAQᵀ, so that half of the budget buys the space and half the
//                probes (Gambhir, Stathopoulos, Orginos 2017; Chen, Hallman 2023).
//   kHutchPlusPlus  Q: an orthonormal basis of A S for a random S; a third each for A S, A Q and probes (Meyer, Musco,
//                Musco, Woodruff 2021).
//   kXTrace      Q of A S as well, each column of S in its turn left out and used as the probe (Epperly, Tropp, Webber
//                2024).
//   kHutchinson  Q empty.
// Where the budget reaches the dimension, the trace is read off the diagonal, exactly.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

enum class TraceMethod { kKrylov, kHutchinson, kHutchPlusPlus, kXTrace };

struct TraceOptions {
  TraceMethod method = TraceMethod::kKrylov;
  int products = 30;  // at most so many are made
  std::uint64_t seed = 0;
  at::Tensor basis;       // [m, p], optional, with kKrylov: orthonormal rows to take out instead of a space of its own,
  at::Tensor projection;  // and [m, m], A in it: LanczosResult has both. All products then go to probes
};

struct TraceEstimate {
  double value = 0.0;
  double standard_error = 0.0;  // the truth lies inside two of them in at least 95 of 100 cases; rounding included
  std::int64_t products = 0;
};

// std::invalid_argument for a budget too small to tell an error; NotFinite where a product is not finite.
TraceEstimate estimate_trace(LinearOperator& a, const TraceOptions& options = {});

}  // namespace thalweg
