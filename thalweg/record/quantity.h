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
  initial_loss,            // before the first step
  constant_loss,           // of the best constant prediction
  relative_gradient_norm,  // ‖G‖ of the whole training set now, over its value at the first step
  // gradient
  gradient_sq,      // g'g of the mini-batch gradient, whole model or one parameter
  weight_sq,        // w'w after the step
  update_sq,        // u'u
  gradient_update,  // g'u
  learning_rate,
  gradient_cosine,  // cosine between consecutive mini-batch gradients
  // step truth
  actual_change,     // L(θ+u) − L(θ), same batch, same random state
  predicted_change,  // g'u + ½ u'Hu, u'Hu exact
  // ill-conditioning
  curvature_along_gradient,  // g'Hg, exact
  curvature_along_update,    // u'Hu, exact
  curvature_secant,          // u'Hu from 2(L(θ+u) − L(θ) − g'u)
  overshoot,                 // ρ = ½ u'Hu / (−g'u), exact
  overshoot_secant,          // the same from the secant
  // data
  input_mean,
  input_rms,
  input_max_abs,
  input_scale_spread,  // largest over smallest non-zero standard deviation among input columns
  target_rms,
  rows_in_batch,
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

}  // namespace thalweg
