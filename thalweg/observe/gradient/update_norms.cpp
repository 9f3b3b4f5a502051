#include "thalweg/observe/gradient/update_norms.h"

#include <vector>

#include "thalweg/observe/gradient/norms.h"
#include "thalweg/observe/gradient/step_norms.h"

namespace thalweg {

void UpdateNorms::after_update(const Step& step, ReadingSink& out) {
  std::vector<StepSums> sums(step.parameters.size());
  difference_norms(step.parameters, {step.before.begin(), step.before.end()}, sums);
  const auto put = [&](const StepSums& s, Scope scope) {
    const auto one = [&](Quantity quantity, double value) {
      out.put({.step = step.index, .value = value, .cost = 0.1F, .quantity = quantity, .scope = scope});
    };
    one(Quantity::weight_sq, s.weight_sq);
    one(Quantity::update_sq, s.update_sq);
  };
  put(total(sums), kWholeModel);
  for (std::size_t i = 0; i < sums.size() && i < step.scopes.size(); ++i) put(sums[i], step.scopes[i]);
}

}  // namespace thalweg
