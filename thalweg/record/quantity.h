// The catalogue of quantities: each has one name, unit, formula, meaning and source, everywhere the same.
// Adding one: a line in the enumeration, a line in quantity.cpp. Numbers are not stored; names are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace thalweg {

enum class Quantity : std::uint16_t {
  // objective
  loss,       // mini-batch surrogate, mean per row, without the l2 penalty
  objective,  // what is differentiated: loss and penalties, mini-batch
  heldout_loss,
  heldout_metric,
  train_loss,  // over the training part, evaluated as the held-out part is
  train_metric,
  initial_loss,    // before the first step
  constant_loss,   // of the best constant prediction
  neighbour_loss,  // of predictions by nearest neighbours: known to be reachable
  // gradient
  gradient_sq,      // g'g of the mini-batch gradient, whole model or one parameter
  weight_sq,        // w'w after the step
  update_sq,        // u'u
  gradient_update,  // g'u
  learning_rate,
  gradient_variance,  // E‖g − G‖² of a step's gradient, G: its mean over batches
  gradient_signal,    // ‖G‖², without bias
  noise_scale,        // rows at which a step's gradient is half noise
  moment_surprise,    // √ of the mean of g²/v̂ in adaptive optimizers
  moment_staleness,   // √(Σ v̂ / Σ g²)
  // step truth
  actual_change,     // L(θ+u) − L(θ), same batch, same random state
  midpoint_change,   // L(θ+u/2) − L(θ)
  predicted_change,  // g'u + ½ u'Hu, u'Hu exact
  // ill-conditioning
  curvature_along_gradient,  // g'Hg, exact
  curvature_along_update,    // u'Hu, exact
  curvature_secant,          // 2 (L(θ+u) − L(θ) − g'u)
  curvature_forward,         // u'Hu from L at θ, θ+u/2 and θ+u
  overshoot,                 // ρ = ½ u'Hu / (−g'u), exact
  overshoot_secant,          // the same from curvature_secant
  overshoot_forward,         // the same from curvature_forward
  // the edge of stability
  batch_sharpness,   // mean of g'Hg over mean of g'g
  critical_step,     // t > 0 at which L(θ + t u) is L(θ) again
  batch_lambda_max,  // of H of the step's own batch
  batch_lambda_min,
  preconditioned_lambda_max,  // of P⁻¹H
  stability_limit,            // up to where the optimizer's steps are stable
  edge_ratio,                 // preconditioned_lambda_max / stability_limit
  // the point where a run stands
  relative_gradient_norm,  // ‖G‖ of the whole training set now, over its value at the first step
  gradient_norm,           // ‖G‖ of the whole training set
  gradient_noise,          // √(tr Σ / K): what sampling alone makes of it
  live_weights,            // share of the weights that the data's gradients move at all
  lambda_max,
  lambda_min,
  escape_curvature,  // v'Hv on rows that v, the vector of lambda_min, was not made from
  escape_length,     // how far along ±v the loss falls
  escape_gain,       // by how much, on rows that neither was made from
  descent_gain,      // the same straight down the gradient
  // how the signal passes the layers; of one layer unless said otherwise
  activation_mean,          // of a layer's outputs, over rows and units
  activation_rms,           // √ of their mean square
  activation_gradient_rms,  // of the loss's gradient by a layer's outputs, per row
  backward_gain,            // activation_gradient_rms, first layer over last; of a recurrent layer, in time
  effective_rank,           // of a layer's outputs over rows, as a share of what its width allows
  dead_units,               // share of units that are off on all rows of a window
  dormant_units,            // share of units that hardly fire beside their layer's others
  saturated_units,          // share of units whose activation is flat on nearly all rows
  cloned_units,             // share of units that say what another of their layer says
  jacobian_norm,            // largest singular value of a layer's Jacobian; whole model: from end to end
  jacobian_mean_square,     // mean of its squared singular values
  jacobian_condition,       // largest over smallest singular value
  input_correlation,        // of two rows' outputs at a layer
  correlation_length,       // whole model: layers over which it approaches its limit e-fold
  depth_in_lengths,         // whole model: depth / correlation_length
  // and through time; of one recurrent layer
  recurrent_radius,     // largest |λ| of the recurrent matrix
  lyapunov_exponent,    // largest, per time step, along the real sequence
  lyapunov_lowest,      // lowest
  gradient_time_decay,  // per time step, of ln ‖∂L/∂h_t‖ backwards from the end
  memory_horizon,       // time steps over which the gradient falls to a hundredth
  // the start
  weight_spectral_scale,  // ‖W‖₂ √(fan_in / fan_out)
  update_spectral_scale,  // the same of the first update, over that of the weight
  symmetric_units,        // share of units that start as copies of another, in and out
  initial_rate,           // whole model: a first learning rate, by forwards along the first updates
  // normalisation; of one normalising layer
  statistics_gap,     // running against batch statistics, in standard deviations
  statistics_noise,   // relative noise of a batch's variance
  evaluation_gap,     // whole model: loss in evaluation mode − in training mode, same rows
  constant_channels,  // share of channels whose batch variance is nothing beside eps
  feature_spread,     // largest over smallest standard deviation of features behind the norm
  // coupling: what an update of one layer does to the others
  coupling_share,        // Σ_{i≠j} |u_i'Hu_j| / Σ_ij |u_i'Hu_j|; of a layer: its row
  change_alone,          // L(θ+u_i) − L(θ), layer i alone; whole model: their sum
  change_interaction,    // whole model: actual_change − Σ_i change_alone
  change_beyond_second,  // whole model: actual_change − predicted_change
  // symmetry
  symmetry_bits,  // log2 of the number of equivalent arrangements
  // data
  input_mean,
  input_rms,
  input_max_abs,
  input_scale_spread,  // largest over smallest non-zero standard deviation among input columns
  target_rms,
  count_  // not a quantity
};

struct QuantityInfo {
  Quantity id;
  std::string_view name;  // snake_case, as stored, printed and typed
  std::string_view unit;  // "1" for none
  std::string_view formula;
  std::string_view meaning;  // plain words, one or two sentences
  std::string_view source;   // author year, or "definition"
};

std::span<const QuantityInfo> quantities();
const QuantityInfo& info(Quantity quantity);
std::optional<Quantity> quantity_named(std::string_view name);

// Whether it is measured between two steps, at the weights that the next step starts from: an evaluation, a look at the
// point. Such readings of step n are made before the checkpoint of step n, and are not made again when a run is resumed
// there; those of the step n itself are.
bool between_steps(Quantity quantity);

}  // namespace thalweg
