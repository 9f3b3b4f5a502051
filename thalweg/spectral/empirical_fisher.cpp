#include "thalweg/spectral/empirical_fisher.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <stdexcept>
#include <utility>

#include "thalweg/spectral/hessian.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/retained_jacobian.h"
#include "thalweg/spectral/stopwatch.h"

namespace thalweg {

struct EmpiricalFisherOperator::State {
  std::vector<at::Tensor> parameters;
  std::unique_ptr<RetainedJacobian> jacobian;
  at::Tensor gradient;
  double rows = 0.0;
  double seconds_per_gradient = 0.0;
  OperatorCost cost;

  void build(const std::function<at::Tensor()>& losses) {
    const at::AutoGradMode with_graph(true);
    const Stopwatch watch(parameters[0].device());
    const at::Tensor per_row = losses();
    if (per_row.dim() != 1 || per_row.size(0) == 0) {
      throw std::invalid_argument("an empirical Fisher operator needs one loss a row, [n], and not their mean");
    }
    rows = static_cast<double>(per_row.size(0));
    const double forward = watch.seconds();
    jacobian = std::make_unique<RetainedJacobian>(per_row, parameters);
    const double graph = watch.seconds();
    gradient = flatten(jacobian->transposed_times(at::full_like(per_row.detach(), 1.0 / rows)));
    const double all = watch.seconds();
    seconds_per_gradient = forward + (all - graph);
    cost = {.gradient_units = all / seconds_per_gradient, .seconds = all};
  }
};

EmpiricalFisherOperator::EmpiricalFisherOperator(const std::function<at::Tensor()>& losses,
                                                 std::vector<at::Tensor> parameters)
    : state_(std::make_unique<State>()) {
  check_parameters(parameters, "an empirical Fisher operator");
  state_->parameters = std::move(parameters);
  state_->build(losses);
}

EmpiricalFisherOperator::~EmpiricalFisherOperator() = default;

std::int64_t EmpiricalFisherOperator::dimension() const { return state_->gradient.size(0); }
at::TensorOptions EmpiricalFisherOperator::options() const { return state_->gradient.options(); }
OperatorCost EmpiricalFisherOperator::cost() const { return state_->cost; }
const at::Tensor& EmpiricalFisherOperator::gradient() const { return state_->gradient; }
double EmpiricalFisherOperator::seconds_per_gradient() const { return state_->seconds_per_gradient; }

at::Tensor EmpiricalFisherOperator::product(const at::Tensor& v) {
  State& s = *state_;
  const Stopwatch watch(v.device());
  const at::Tensor jv = s.jacobian->times(unflatten(v.contiguous(), s.parameters));
  at::Tensor result = flatten(s.jacobian->transposed_times(jv.div(s.rows)));
  add_products(s.cost, watch.seconds(), s.seconds_per_gradient);
  return result;
}

}  // namespace thalweg
