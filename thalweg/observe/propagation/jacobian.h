// Singular values of ∂output/∂input of single rows, on the graph that a forward has left.
//
// Exact where a row has few outputs: its Jacobian is taken output by output (one backward each, for all rows at once)
// and decomposed. Else by Golub-Kahan bidiagonalisation (Golub, Kahan 1965) with full reorthogonalisation, each row its
// own, all rows in the same products: J v by differentiating the backward (spectral/retained_jacobian.h), Jᵀ u by the
// backward. The mean square ‖J‖²_F / inputs is then Hutchinson's estimate (1990) from random signs.
//
// Rows must not touch each other on the way from input to output: batch norm in training mode makes each depend on all,
// and the Jacobian of a row is then that with its own batch's statistics moving along.
//
// input, output: [rows, …] of the same forward. Cost: outputs backwards of that stretch, or 3 · steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/record/signal.h"

namespace thalweg {

struct JacobianOptions {
  std::int64_t rows = 8;             // the first ones
  std::int64_t exact_outputs = 128;  // up to so many outputs a row
  int steps = 12;                    // of Golub-Kahan
  std::uint64_t seed = 0;
};

// J of the first rows, [rows, outputs, inputs], in the tensors' type; `outputs` backwards.
at::Tensor dense_jacobian(const at::Tensor& output, const at::Tensor& input, std::int64_t rows);

// Nothing (NaN) where no graph leads from the input to the output.
Signal::Jacobian measure_jacobian(const at::Tensor& output, const at::Tensor& input,
                                  const JacobianOptions& options = {});

}  // namespace thalweg
