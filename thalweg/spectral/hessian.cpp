#include "thalweg/spectral/hessian.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "thalweg/spectral/allocations.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/spectral/stopwatch.h"

namespace thalweg {

struct HessianOperator::State {
  std::vector<LossOnBatch> batches;
  std::vector<at::Tensor> parameters;
  std::vector<std::unique_ptr<RetainedGradient>> graphs;  // of the first batches; the others are streamed
  std::int64_t dimension = 0;
  std::int64_t graph_bytes = 0;
  at::Tensor gradient;
  double loss = 0.0;
  double seconds_per_gradient = 0.0;
  OperatorCost cost;

  std::unique_ptr<RetainedGradient> graph(const LossOnBatch& batch, double* value = nullptr) const {
    const at::Tensor objective = batch.loss();
    if (value != nullptr) *value = objective.item<double>();
    return std::make_unique<RetainedGradient>(objective, parameters);
  }

  // One pass over the batches: value, gradient, and the graphs as far as they fit.
  void build(const HessianOptions& options) {
    const Stopwatch watch(parameters[0].device());
    for (const LossOnBatch& batch : batches) {
      double value = 0.0;
      std::unique_ptr<RetainedGradient> built;
      {
        const AllocationMeter meter;
        built = graph(batch, &value);
        graph_bytes = std::max(graph_bytes, meter.kept());
      }
      loss += batch.weight * value;
      const at::Tensor g = flatten(built->gradient());
      gradient = gradient.defined() ? gradient.add_(g, batch.weight) : g.mul_(batch.weight);
      const auto kept = static_cast<std::int64_t>(graphs.size()) + 1;
      const bool all_before = &batch == &batches[graphs.size()];
      if (all_before && (kept == 1 || kept * graph_bytes <= options.memory_limit)) graphs.push_back(std::move(built));
    }
    // Kept or not, one graph is there at a time: a limit below that cannot be met, only said.
    seconds_per_gradient = watch.seconds();
    cost = {.gradient_units = 1.0, .seconds = seconds_per_gradient};
  }

  at::Tensor product(const at::Tensor& v) {
    const Stopwatch watch(v.device());
    const auto parts = unflatten(v.contiguous(), parameters);
    at::Tensor sum;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const at::Tensor term =
          flatten((i < graphs.size() ? *graphs[i] : *graph(batches[i])).hessian_vector_product(parts));
      if (sum.defined()) {
        sum.add_(term, batches[i].weight);
      } else {
        sum = batches[i].weight == 1.0 ? term : term.mul(batches[i].weight);
      }
    }
    add_products(cost, watch.seconds(), seconds_per_gradient);
    return sum;
  }
};

HessianOperator::HessianOperator(std::vector<LossOnBatch> batches, std::vector<at::Tensor> parameters,
                                 HessianOptions options)
    : state_(std::make_unique<State>()) {
  if (batches.empty()) throw std::invalid_argument("a Hessian was asked for without a batch");
  check_parameters(parameters, "a Hessian operator");
  for (const at::Tensor& p : parameters) state_->dimension += p.numel();
  state_->batches = std::move(batches);
  state_->parameters = std::move(parameters);
  state_->build(options);
}

HessianOperator::~HessianOperator() = default;

std::int64_t HessianOperator::dimension() const { return state_->dimension; }
at::TensorOptions HessianOperator::options() const {
  return at::TensorOptions().dtype(state_->parameters[0].dtype()).device(state_->parameters[0].device());
}
OperatorCost HessianOperator::cost() const { return state_->cost; }
const at::Tensor& HessianOperator::gradient() const { return state_->gradient; }
double HessianOperator::loss() const { return state_->loss; }
double HessianOperator::seconds_per_gradient() const { return state_->seconds_per_gradient; }
std::int64_t HessianOperator::graph_bytes() const { return state_->graph_bytes; }
std::size_t HessianOperator::streamed() const { return state_->batches.size() - state_->graphs.size(); }
at::Tensor HessianOperator::product(const at::Tensor& v) { return state_->product(v); }

std::vector<at::Tensor> unflatten(const at::Tensor& flat, const std::vector<at::Tensor>& like) {
  std::vector<at::Tensor> result;
  result.reserve(like.size());
  std::int64_t begin = 0;
  for (const at::Tensor& t : like) {
    result.push_back(flat.narrow(0, begin, t.numel()).view(t.sizes()));
    begin += t.numel();
  }
  return result;
}

at::Tensor flatten(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> parts;
  parts.reserve(tensors.size());
  for (const at::Tensor& t : tensors) parts.push_back(t.reshape(-1));
  return at::cat(parts);
}

}  // namespace thalweg
