// What a step does to one parameter, in four numbers.
#pragma once

namespace thalweg {

// Sums over one parameter's entries, measured while stepping, good to a millionth of the sum of the terms' sizes at any
// magnitude (in double where squares of floats would vanish or overflow). The chunks they are summed over are fixed, so
// they do not depend on the number of threads.
struct StepSums {
  double gradient_sq = 0.0;      // g'g, before clipping and weight decay
  double weight_sq = 0.0;        // w'w, after the step
  double update_sq = 0.0;        // u'u, u = what was added to the weights, as rounded
  double gradient_update = 0.0;  // g'u, g as in g'g

  StepSums& operator+=(const StepSums& other) {
    gradient_sq += other.gradient_sq;
    weight_sq += other.weight_sq;
    update_sq += other.update_sq;
    gradient_update += other.gradient_update;
    return *this;
  }
};

}  // namespace thalweg
