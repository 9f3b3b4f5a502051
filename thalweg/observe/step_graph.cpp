#include "thalweg/observe/step_graph.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <utility>

#include "thalweg/spectral/hessian.h"

namespace thalweg {
namespace {

c10::VariableVersion counter(const at::Tensor& p) { return p.unsafeGetTensorImpl()->version_counter(); }

// The old weights in place, as the graph knows them; the new ones back, bit for bit, when this goes.
class Before {
 public:
  Before(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& before,
         const std::vector<std::uint32_t>& versions)
      : parameters_(parameters) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      now_.push_back(parameters[i].detach().clone());
      now_versions_.push_back(counter(parameters[i]).current_version());
      parameters[i].variable_data().copy_(before[i]);  // has a version counter of its own
      counter(parameters[i]).set_version(versions[i]);
    }
  }
  ~Before() {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < now_.size(); ++i) {
      parameters_[i].variable_data().copy_(now_[i]);
      counter(parameters_[i]).set_version(now_versions_[i]);
    }
  }
  Before(const Before&) = delete;
  Before& operator=(const Before&) = delete;

 private:
  const std::vector<at::Tensor>& parameters_;
  std::vector<at::Tensor> now_;
  std::vector<std::uint32_t> now_versions_;
};

class StepHessian final : public LinearOperator {
 public:
  explicit StepHessian(StepGraph& graph) : graph_(graph) {
    for (const at::Tensor& p : graph.parameters()) dimension_ += p.numel();
  }
  std::int64_t dimension() const override { return dimension_; }
  at::TensorOptions options() const override { return graph_.parameters().front().options().requires_grad(false); }
  OperatorCost cost() const override { return {.products = products_}; }

 private:
  at::Tensor product(const at::Tensor& v) override {
    ++products_;
    return flatten(graph_.product(unflatten(v, graph_.parameters())));
  }
  StepGraph& graph_;
  std::int64_t dimension_ = 0, products_ = 0;
};

}  // namespace

StepGraph::StepGraph(at::Tensor loss, std::vector<at::Tensor> parameters, double scale)
    : loss_(std::move(loss)), parameters_(std::move(parameters)), scale_(scale) {}

const std::vector<at::Tensor>& StepGraph::gradient() {
  if (retained_) return retained_->gradient();
  const at::AutoGradMode grad(true);
  retained_.emplace(scale_ == 1.0 ? loss_ : loss_ * scale_, parameters_);
  for (const at::Tensor& p : parameters_) versions_.push_back(counter(p).current_version());
  return retained_->gradient();
}

std::vector<at::Tensor> StepGraph::product(const std::vector<at::Tensor>& v) {
  gradient();
  if (before_.empty()) return retained_->hessian_vector_product(v);
  const Before in_place(parameters_, before_, versions_);
  return retained_->hessian_vector_product(v);
}

std::unique_ptr<LinearOperator> StepGraph::hessian() { return std::make_unique<StepHessian>(*this); }

void StepGraph::keep_weights(std::vector<at::Tensor> weights) { before_ = std::move(weights); }

}  // namespace thalweg
