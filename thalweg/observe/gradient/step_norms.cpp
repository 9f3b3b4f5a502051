#include "thalweg/observe/gradient/step_norms.h"

namespace thalweg {

StepSums total(std::span<const StepSums> sums) {
  StepSums all;
  for (const StepSums& s : sums) all += s;
  return all;
}

void StepNorms::after_update(const Step& step, ReadingSink& out) {
  const auto put = [&](Quantity quantity, Scope scope, double value) {
    out.put({.step = step.index, .value = value, .quantity = quantity, .scope = scope});
  };
  const auto put_sums = [&](const StepSums& sums, Scope scope) {
    put(Quantity::gradient_sq, scope, sums.gradient_sq);
    put(Quantity::weight_sq, scope, sums.weight_sq);
    put(Quantity::update_sq, scope, sums.update_sq);
  };
  if (!step.sums.empty()) {
    const StepSums all = total(step.sums);
    put_sums(all, kWholeModel);
    put(Quantity::gradient_update, kWholeModel, all.gradient_update);
  }
  for (std::size_t i = 0; i < step.sums.size(); ++i) put_sums(step.sums[i], step.scopes[i]);
  double all = 0.0;
  for (std::size_t i = 0; i < step.gradient_sq.size(); ++i) {
    all += step.gradient_sq[i];
    put(Quantity::gradient_sq, step.scopes[i], step.gradient_sq[i]);
  }
  if (!step.gradient_sq.empty()) put(Quantity::gradient_sq, kWholeModel, all);
}

}  // namespace thalweg
