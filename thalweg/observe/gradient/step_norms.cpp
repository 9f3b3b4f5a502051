#include "thalweg/observe/gradient/step_norms.h"

namespace thalweg {

StepSums total(std::span<const StepSums> sums) {
  StepSums all;
  for (const StepSums& s : sums) {
    all.gradient_sq += s.gradient_sq;
    all.weight_sq += s.weight_sq;
    all.update_sq += s.update_sq;
    all.gradient_update += s.gradient_update;
  }
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
  put(Quantity::loss, kWholeModel, step.loss);
  put(Quantity::objective, kWholeModel, step.objective);
  put(Quantity::learning_rate, kWholeModel, step.learning_rate);
  const StepSums all = total(step.sums);
  put_sums(all, kWholeModel);
  put(Quantity::gradient_update, kWholeModel, all.gradient_update);
  for (std::size_t i = 0; i < step.sums.size(); ++i) put_sums(step.sums[i], step.scopes[i]);
}

}  // namespace thalweg
