#include "thalweg/observe/curvature/ill_conditioning.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace thalweg {
namespace {

struct Quadratic {
  double value = 0.0;  // v'Hv
  double error = 0.0;
};

Quadratic quadratic_form(StepGraph& graph, const std::vector<at::Tensor>& v, double share) {
  const auto product = graph.product(v);
  const double scale = std::sqrt(dot(v, v) * dot(product, product));
  return {dot(v, product) / share, std::numeric_limits<float>::epsilon() * scale / share};
}

// Whether u = −εg to rounding, so that one product serves both.
bool parallel(double gu, double gg, double uu) { return gu * gu >= (1.0 - 1e-6) * gg * uu; }

}  // namespace

void IllConditioning::before_backward(const Step& step) { step.graph->gradient(); }

void IllConditioning::after_update(const Step& step, ReadingSink& out) {
  const auto& gradient = step.gradient();
  const auto& update = step.update();
  const double gg = dot(gradient, gradient), uu = dot(update, update), gu = dot(gradient, update);
  const Quadratic along_update = quadratic_form(*step.graph, update, step.graph_share);
  const bool one = parallel(gu, gg, uu);
  const double ratio = uu > 0.0 ? gg / uu : 0.0;
  const Quadratic along_gradient = one ? Quadratic{along_update.value * ratio, along_update.error * ratio}
                                       : quadratic_form(*step.graph, gradient, step.graph_share);
  const float cost = one ? 3.0F : 5.0F;
  const auto put = [&](Quantity quantity, double value, double error) {
    out.put(
        {.step = step.index, .value = value, .error = static_cast<float>(error), .cost = cost, .quantity = quantity});
  };
  put(Quantity::curvature_along_gradient, along_gradient.value, along_gradient.error);
  put(Quantity::curvature_along_update, along_update.value, along_update.error);
  put(Quantity::predicted_change, gu + 0.5 * along_update.value, 0.5 * along_update.error);
  if (gu != 0.0) put(Quantity::overshoot, 0.5 * along_update.value / -gu, 0.5 * along_update.error / std::abs(gu));
  if (step.backwards > 1) return;
  sharpness_.add(along_gradient.value, gg);
  if (const auto sharpness = sharpness_.ratio()) put(Quantity::batch_sharpness, sharpness->value, sharpness->error);
}

}  // namespace thalweg
