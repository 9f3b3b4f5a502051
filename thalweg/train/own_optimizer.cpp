#include "thalweg/train/own_optimizer.h"

#include <torch/torch.h>

#include <cmath>
#include <map>
#include <string>

#include "thalweg/optim/stability.h"
#include "thalweg/recipe/names.h"

namespace thalweg {
namespace {

class View final : public OptimizerView {
 public:
  explicit View(const OwnOptimizer& own) : own_(own) {}
  std::string name() const override { return std::string(recipe::name(own_.options.kind)); }
  double learning_rate() const override { return own_.rate; }
  std::vector<bool> steps() const override { return std::vector<bool>(own_.optimizer.parameters().size(), true); }
  std::optional<StabilityLimit> stability_limit() const override {
    return thalweg::stability_limit(own_.options, own_.rate, own_.steps);
  }
  std::vector<at::Tensor> preconditioner() const override { return own_.optimizer.preconditioner(); }

  std::vector<at::Tensor> second_moments() const override {
    std::map<std::string, at::Tensor> state;
    for (const auto& [name, tensor] : own_.optimizer.state()) state.emplace(name, tensor);
    const bool corrected = own_.options.kind != recipe::OptimizerKind::rmsprop;
    const at::Tensor steps = state.contains("step") ? state.at("step").to(at::kDouble) : at::Tensor();
    std::vector<at::Tensor> result;
    for (const auto& [name, parameter] : own_.optimizer.parameters()) {
      const auto v = state.find(name + (corrected ? ".exp_avg_sq" : ".square_avg"));
      const double made = steps.defined() ? steps[static_cast<std::int64_t>(result.size())].item<double>() : 0.0;
      if (v == state.end() || made == 0.0) {
        result.emplace_back();
      } else {
        result.push_back(corrected ? v->second / (1.0 - std::pow(own_.options.beta2, made)) : v->second);
      }
    }
    return result;
  }

 private:
  OwnOptimizer own_;
};

}  // namespace

std::unique_ptr<OptimizerView> view_of(const OwnOptimizer& own) { return std::make_unique<View>(own); }

}  // namespace thalweg
