#include "thalweg/observe/curvature/overshoot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/observe/gradient/step_norms.h"

namespace thalweg {

void Overshoot::after_update(const Step& step, ReadingSink& out) {
  const double after = step.objective_again();
  const double slope = total(step.sums).gradient_update;
  const double change = after - step.objective;
  const double curvature = 2.0 * (change - slope);
  const double rows = std::sqrt(std::max<double>(1.0, static_cast<double>(step.rows)));
  const double rounding = options_.resolution * std::numeric_limits<float>::epsilon() *
                          (std::max(std::abs(step.objective), std::abs(after)) + step.output_scale / rows);
  const auto put = [&](Quantity quantity, double value, double error) {
    out.put(
        {.step = step.index, .value = value, .error = static_cast<float>(error), .cost = 0.35F, .quantity = quantity});
  };
  put(Quantity::actual_change, change, rounding);
  put(Quantity::curvature_secant, curvature, 2.0 * rounding);
  put(Quantity::overshoot_secant, 0.5 * curvature / -slope, rounding / std::abs(slope));
}

}  // namespace thalweg
