#include "thalweg/model/fold.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "thalweg/recipe/names.h"

namespace thalweg {
namespace {

using recipe::Layer;
using recipe::LayerType;

class Folding {
 public:
  Folding(Folded& result, const Network& network) : result_(result) {
    for (const auto& [name, tensor] : network.parameters()) order_.push_back(name), values_[name] = tensor.detach();
    for (const auto& [name, tensor] : network.buffers()) order_.push_back(name), values_[name] = tensor.detach();
    for (const LayerSummary& layer : network.summary()) shapes_[layer.name] = layer.output;
  }

  void chain(std::vector<Layer>& layers, const std::string& prefix) {
    name_all(layers);
    std::vector<Layer> kept;
    for (Layer& layer : layers) {
      if (layer.type == LayerType::residual) chain(layer.inner, prefix + layer.name + ".");
      if (layer.type != LayerType::batch_norm) {
        kept.push_back(layer);
      } else if (!kept.empty() && foldable(kept.back(), layer, prefix)) {
        fold(kept.back(), layer, prefix);
        result_.folded.push_back(prefix + layer.name);
      } else {
        result_.unfolded.push_back(prefix + layer.name);
        kept.push_back(layer);
      }
    }
    layers = std::move(kept);
  }

  NamedParameters tensors() const {
    NamedParameters result;
    for (const std::string& name : order_) {
      if (const auto found = values_.find(name); found != values_.end()) result.emplace_back(name, found->second);
    }
    return result;
  }

 private:
  // As a chain names its layers: what is taken out must not change the others' numbers.
  static void name_all(std::vector<Layer>& layers) {
    std::map<std::string, int> count;
    for (Layer& layer : layers) {
      const std::string type(recipe::name(layer.type));
      const int number = ++count[type];
      if (layer.name.empty()) layer.name = fmt::format("{}{}", type, number);
    }
  }

  bool foldable(const Layer& before, const Layer& norm, const std::string& prefix) const {
    if (before.activation != recipe::Activation::none || !norm.track) return false;
    if (before.type == LayerType::conv) return norm.axis == 1;
    if (before.type != LayerType::linear) return false;
    const auto shape = shapes_.find(prefix + before.name);
    // Of a sequence axis 1 is time.
    return shape != shapes_.end() && shape->second.size() == 1 && (norm.axis == 1 || norm.axis == -1);
  }

  at::Tensor taken(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    at::Tensor value = found->second.to(at::kDouble);
    values_.erase(found);
    return value;
  }

  void fold(Layer& before, const Layer& norm, const std::string& prefix) {
    const std::string layer = prefix + before.name, name = prefix + norm.name;
    const at::Tensor mean = taken(name + ".running_mean"), variance = taken(name + ".running_var");
    const at::Tensor scale = taken(name + ".weight"), shift = taken(name + ".bias");
    at::Tensor factor = (variance + norm.eps).rsqrt();
    if (scale.defined()) factor = factor * scale;
    at::Tensor& weight = values_.at(layer + ".weight");
    std::vector<std::int64_t> per_output(static_cast<std::size_t>(weight.dim()), 1);
    per_output[0] = -1;
    const at::Tensor bias = before.bias ? values_.at(layer + ".bias").to(at::kDouble) : at::zeros_like(mean);
    at::Tensor folded = (bias - mean) * factor;
    if (shift.defined()) folded = folded + shift;
    weight = (weight.to(at::kDouble) * factor.view(per_output)).to(weight.scalar_type());
    values_[layer + ".bias"] = folded.to(weight.scalar_type());
    if (!before.bias) order_.insert(std::ranges::find(order_, layer + ".weight") + 1, layer + ".bias");
    before.bias = true;
    before.activation = norm.activation;
  }

  Folded& result_;
  std::vector<std::string> order_;
  std::map<std::string, at::Tensor> values_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
};

}  // namespace

Folded fold_batch_norms(const recipe::Model& model, const Network& network) {
  Folded result{.model = model, .tensors = {}, .folded = {}, .unfolded = {}};
  Folding folding(result, network);
  folding.chain(result.model.layers, "");
  result.tensors = folding.tensors();
  return result;
}

}  // namespace thalweg
