#include "thalweg/train/coupling_at.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "thalweg/observe/interaction/coupling.h"
#include "thalweg/spectral/hessian.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/survey/moved.h"
#include "thalweg/survey/problem.h"

namespace thalweg {

Coupling coupling_at(const SurveyProblem& problem, const CouplingOptions& options) {
  if (!problem.update.defined()) throw std::invalid_argument("the coupling of a step needs the optimizer's step");
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> names;
  for (const auto& [name, tensor] : problem.parameters) names.push_back(name);
  const std::vector<at::Tensor> parameters = leaves(problem);
  const auto layers = layer_groups(names, options.most_layers);
  HessianOperator hessian(problem.batches, parameters);
  Moved moved(parameters);
  const auto weights = unflatten(moved.start(), parameters);
  const double here = loss_on(problem.batches);
  const auto loss = [&](const std::vector<at::Tensor>& elsewhere) {
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].variable_data().copy_(elsewhere[i]);
    const double value = loss_on(problem.batches);
    moved.back();
    return value;
  };
  Coupling c = measure_coupling(
      {.layers = layers,
       .weights = weights,
       .gradient = unflatten(hessian.gradient(), parameters),
       .update = unflatten(problem.update.to(moved.start().options()), parameters),
       .product = [&](const std::vector<at::Tensor>& v) { return unflatten(hessian.apply(flatten(v)), parameters); },
       .loss = loss,
       .loss_here = here,
       .loss_error = machine_epsilon(moved.start().scalar_type()) * std::abs(here)});
  c.subject = problem.subject;
  c.rows = problem.rows;
  c.gradient_units =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / hessian.seconds_per_gradient();
  return c;
}

}  // namespace thalweg
