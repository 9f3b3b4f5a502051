// A recurrent matrix by its eigenvalues: W = V diag(λ) V⁻¹, so that t steps without input multiply a state by
//     W^t = V diag(λ)^t V⁻¹            (Goodfellow, Bengio, Courville 2016, sections 8.2.5 and 10.7)
// ρ^t ≤ ‖W^t‖₂ ≤ ‖V‖₂ ‖V⁻¹‖₂ ρ^t: the eigenvalues alone tell what becomes of a state only where V is near orthogonal.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "thalweg/record/recurrence.h"

namespace thalweg {

// `matrix`: [n, n]. Norms of powers t = 1, 2, 4, … up to `longest`; longest = 0: neither these nor the condition, for
// which the vectors are needed.
RecurrentLayer::Matrix matrix_powers(std::string name, const at::Tensor& matrix, std::int64_t longest);

}  // namespace thalweg
