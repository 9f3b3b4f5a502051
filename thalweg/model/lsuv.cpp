#include "thalweg/model/lsuv.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace thalweg {
namespace {

using recipe::InitKind;
using recipe::Layer;
using recipe::LayerType;

bool any_lsuv(const std::vector<Layer>& layers) {
  return std::ranges::any_of(
      layers, [](const Layer& layer) { return layer.init.kind == InitKind::lsuv || any_lsuv(layer.inner); });
}

// In the order of Network::summary(): what is inside comes first.
void in_order(const std::vector<Layer>& layers, std::vector<const Layer*>& result) {
  for (const Layer& layer : layers) {
    in_order(layer.inner, result);
    result.push_back(&layer);
  }
}

bool is_scaled(LayerType type) {
  return type == LayerType::linear || type == LayerType::conv || type == LayerType::embedding;
}

bool is_drawn(LayerType type) {
  return type == LayerType::rnn || type == LayerType::gru || type == LayerType::lstm || type == LayerType::attention ||
         type == LayerType::transformer;
}

// Hears the variance of each wanted layer's output before the activation.
class Variances final : public Tap {
 public:
  explicit Variances(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {}
  void passed(const Passage& passage) override {
    if (std::ranges::find(wanted_, passage.layer) == wanted_.end()) return;
    order.emplace_back(passage.layer);
    const at::Tensor y = passage.before.detach().to(at::kDouble);
    of[order.back()] = y.var(/*unbiased=*/false).item<double>();
    squares[order.back()] = y.square().mean().item<double>();
  }
  // Whether float32 knows it to `tolerance`: outputs of one size carry their variance in their last digits.
  bool known(const std::string& layer, double tolerance) const {
    const double lost = std::numeric_limits<float>::epsilon() / tolerance;
    return std::isnormal(of.at(layer)) && of.at(layer) > lost * lost * squares.at(layer);
  }
  std::vector<std::string> order;
  std::map<std::string, double> of, squares;

 private:
  std::vector<std::string> wanted_;
};

Variances heard(Network& network, const std::vector<std::string>& wanted, const std::function<void()>& forward) {
  struct Untapped {
    Network& network;
    ~Untapped() { network.tap(nullptr); }
  };
  Variances variances(wanted);
  network.tap(&variances);
  const Untapped at_the_end{network};
  forward();
  return variances;
}

void divide(const Network& network, const std::string& layer, double by) {
  for (const auto& [name, tensor] : network.parameters()) {
    const bool own = name.starts_with(layer + ".") && name.find('.', layer.size() + 1) == std::string::npos;
    if (own) tensor.detach().div_(by);
  }
}

}  // namespace

bool starts_by_lsuv(const recipe::Model& model) { return any_lsuv(model.layers); }

LsuvResult scale_to_unit_variance(Network& network, const recipe::Model& model, const std::function<void()>& forward,
                                  const LsuvOptions& options) {
  const at::NoGradGuard no_grad;
  LsuvResult result;
  std::vector<const Layer*> layers;
  in_order(model.layers, layers);
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i]->init.kind != InitKind::lsuv) continue;
    const std::string& name = network.summary().at(i).name;
    if (is_scaled(layers[i]->type)) wanted.push_back(name);
    if (is_drawn(layers[i]->type)) result.kept.push_back(name);
  }
  if (wanted.empty()) return result;
  Variances now = heard(network, wanted, forward);
  for (const std::string& name : std::vector(now.order)) {
    LsuvLayer layer{.name = name, .drawn = now.of[name]};
    const auto off = [&] { return std::abs(now.of[name] - 1.0) > options.tolerance; };
    for (int i = 0; i < options.most_scalings && off() && now.known(name, options.tolerance); ++i) {
      divide(network, name, std::sqrt(now.of[name]));
      now = heard(network, wanted, forward);
    }
    layer.variance = now.of[name];
    layer.scaled = !off();
    result.layers.push_back(layer);
  }
  return result;
}

}  // namespace thalweg
