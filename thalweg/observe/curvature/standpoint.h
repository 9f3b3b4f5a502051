// The point at which a run stands, looked at once: how long its gradient is against its own noise, whether the data
// pull at the weights at all, how the loss curves most and least, and what a walk along the most negative direction
// gains.
//
// The mini-batches are split. From the first F come the Hessian H, its extreme eigenvalues λ_max and λ_min with the
// vector v (spectral/lanczos.h), the gradient direction, and the lengths of the walks; the other J judge them:
//     v'Hv,   L(θ) − L(θ ± t v),   L(θ) − L(θ − t G/‖G‖),   each with its 95% interval over the J batches,
// since the smallest of many eigenvalues of a sample is biased downwards, and what a sample gains by its own direction
// is not what all rows gain. A walk doubles its length while the loss falls; there is no Newton step. It begins at a
// small part of the length at which the model (½|λ|t², or ‖G‖t) would bring the loss to zero, so that nothing here
// depends on the scale of the loss or of the weights.
//
// Cost: some 50 gradient units of one batch, and about 5 for each product.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "thalweg/record/reading.h"
#include "thalweg/spectral/sampled_gradient.h"

namespace thalweg {

struct StandpointProblem {
  std::vector<at::Tensor> parameters;        // leaves; moved during the walks, and put back bit for bit
  int batches = 8;                           // of equal size, fit + 2 at least
  std::function<at::Tensor(int)> objective;  // on one of them: 0-dim with graph, the same at every call
  std::function<double(int)> loss;           // its value in double
};

struct StandpointOptions {
  int fit = 2;                                               // F
  int products = 60;                                         // Hessian-vector products at most
  double seconds = std::numeric_limits<double>::infinity();  // that it may take
  std::uint64_t seed = 0;
};

struct Measured {
  double value = std::numeric_limits<double>::quiet_NaN();
  double error = std::numeric_limits<double>::quiet_NaN();  // half-width of the 95% interval, or of a bound
  bool known() const { return value == value; }
};

struct Standpoint {
  SampledGradient gradient;
  double live_weights = 0.0;        // see record/quantity.cpp
  Measured lambda_max, lambda_min;  // unknown where an operation has no second derivative or a product is not finite
  Measured escape_curvature;        // this and the next two: where lambda_min is below zero by more than rounding
  Measured escape_length;
  Measured escape_gain;
  Measured descent_gain;
  double gradient_units = 0.0;  // of a batch
};

// Nothing where `seconds` are too few for a dozen products: told after one gradient. .grad is left alone.
// std::invalid_argument for fewer batches than fit + 2.
std::optional<Standpoint> look_at_standpoint(const StandpointProblem& problem, const StandpointOptions& options = {});

void put(const Standpoint& point, std::int64_t step, const std::function<void(const Reading&)>& out);

}  // namespace thalweg
