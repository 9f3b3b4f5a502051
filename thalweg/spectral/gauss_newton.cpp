#include "thalweg/spectral/gauss_newton.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <stdexcept>
#include <utility>

#include "thalweg/spectral/hessian.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/spectral/retained_jacobian.h"
#include "thalweg/spectral/stopwatch.h"

namespace thalweg {

struct GaussNewtonOperator::State {
  std::vector<at::Tensor> parameters;
  std::unique_ptr<RetainedJacobian> jacobian;
  std::unique_ptr<RetainedGradient> outer;  // of the loss in the outputs
  at::Tensor gradient;
  double seconds_per_gradient = 0.0;
  OperatorCost cost;

  void build(const NetworkOnBatch& network) {
    const at::AutoGradMode with_graph(true);
    const Stopwatch watch(parameters[0].device());
    const at::Tensor outputs = network.outputs();
    const double forward = watch.seconds();
    jacobian = std::make_unique<RetainedJacobian>(outputs, parameters);
    const double graph = watch.seconds();
    const at::Tensor z = outputs.detach().requires_grad_();
    outer = std::make_unique<RetainedGradient>(loss_at(network, z), std::vector<at::Tensor>{z});
    gradient = flatten(jacobian->transposed_times(outer->gradient()[0]));
    const double all = watch.seconds();
    seconds_per_gradient = forward + (all - graph);
    cost = {.gradient_units = all / seconds_per_gradient, .seconds = all};
  }

  static at::Tensor loss_at(const NetworkOnBatch& network, const at::Tensor& outputs) {
    const at::Tensor loss = network.loss(outputs);
    if (loss.dim() != 0) throw std::invalid_argument("a Gauss-Newton operator needs a loss that is one number");
    return loss;
  }
};

GaussNewtonOperator::GaussNewtonOperator(const NetworkOnBatch& network, std::vector<at::Tensor> parameters)
    : state_(std::make_unique<State>()) {
  check_parameters(parameters, "a Gauss-Newton operator");
  state_->parameters = std::move(parameters);
  state_->build(network);
}

GaussNewtonOperator::~GaussNewtonOperator() = default;

std::int64_t GaussNewtonOperator::dimension() const { return state_->gradient.size(0); }
at::TensorOptions GaussNewtonOperator::options() const { return state_->gradient.options(); }
OperatorCost GaussNewtonOperator::cost() const { return state_->cost; }
const at::Tensor& GaussNewtonOperator::gradient() const { return state_->gradient; }
double GaussNewtonOperator::seconds_per_gradient() const { return state_->seconds_per_gradient; }

at::Tensor GaussNewtonOperator::product(const at::Tensor& v) {
  State& s = *state_;
  const Stopwatch watch(v.device());
  const at::Tensor jv = s.jacobian->times(unflatten(v.contiguous(), s.parameters));
  const at::Tensor hjv = s.outer->hessian_vector_product({jv})[0];
  at::Tensor result = flatten(s.jacobian->transposed_times(hjv));
  add_products(s.cost, watch.seconds(), s.seconds_per_gradient);
  return result;
}

}  // namespace thalweg
