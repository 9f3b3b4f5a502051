// Conjugate gradients for a symmetric operator that may be indefinite, with Steihaug's exits.
//
// Minimises m(x) = ½ xᵀA x − bᵀx, for b = −g the model of a loss around the present parameters, in the ball ‖x‖ ≤
// radius (Steihaug 1983; Nocedal, Wright 2006, algorithm 7.2). Each iterate is longer and lower than the one before, so
// that the first one to leave the ball is cut at its boundary, and a direction of negative curvature is followed to it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>

#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

enum class ConjugateGradientExit {
  kConverged,          // ‖b − A x‖ ≤ tolerance ‖b‖, computed on the operator
  kNegativeCurvature,  // dᵀA d < 0 by more than rounding: `direction`, `curvature`
  kFlat,               // dᵀA d is not told from zero, while the model still descends along d: `direction`
  kBoundary,           // x lies on the boundary of the ball
  kProductLimit,
  kNotFinite  // a product or b is not finite: x is the last iterate that was
};

struct ConjugateGradientOptions {
  double tolerance = 1e-3;
  double radius = std::numeric_limits<double>::infinity();  // positive
  int max_products = 250;
};

struct ConjugateGradientResult {
  ConjugateGradientExit exit = ConjugateGradientExit::kProductLimit;
  at::Tensor x;            // [p]; on the boundary where negative or no curvature was followed to a finite radius
  at::Tensor direction;    // [p], unit; undefined unless the exit is kNegativeCurvature or kFlat
  double curvature = 0.0;  // dᵀA d of the unit direction
  double residual = 1.0;   // ‖b − A x‖ / ‖b‖; by the recurrence, unless converged
  double model = 0.0;      // m(x) ≤ 0
  std::int64_t products = 0;
};

// std::invalid_argument where b does not fit the operator or an option is not positive.
ConjugateGradientResult conjugate_gradient(LinearOperator& a, const at::Tensor& b,
                                           const ConjugateGradientOptions& options = {});

}  // namespace thalweg
