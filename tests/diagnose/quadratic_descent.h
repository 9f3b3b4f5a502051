// Gradient descent on L(x) = ½ Σ λ_i x_i²: every reading in closed form.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "scripted_run.h"

namespace thalweg {

struct QuadraticDescent {
  std::vector<double> curvatures;
  std::vector<double> start;
  std::function<double(std::int64_t)> rate;
  std::int64_t steps = 200;
  std::int64_t every = 12;  // steps between readings of the curvature

  ScriptedRun run() const {
    ScriptedRun out;
    std::vector<double> x = start;
    for (std::int64_t step = 0; step < steps; ++step) {
      const double e = rate(step);
      double loss = 0.0, gg = 0.0, ghg = 0.0, ww = 0.0, after = 0.0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double h = curvatures[i], g = h * x[i];
        loss += 0.5 * h * x[i] * x[i];
        gg += g * g;
        ghg += g * h * g;
        x[i] -= e * g;
        ww += x[i] * x[i];
        after += 0.5 * h * x[i] * x[i];
      }
      out.at(step, Quantity::loss, loss).at(step, Quantity::learning_rate, e);
      out.at(step, Quantity::gradient_sq, gg)
          .at(step, Quantity::update_sq, e * e * gg)
          .at(step, Quantity::weight_sq, ww);
      if (step % every != 0) continue;
      out.at(step, Quantity::actual_change, after - loss).at(step, Quantity::curvature_secant, e * e * ghg);
      out.at(step, Quantity::overshoot_secant, 0.5 * e * ghg / gg);
    }
    return out;
  }
};

}  // namespace thalweg
