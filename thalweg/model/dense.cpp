// linear, flatten, dropout, activation.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "thalweg/model/layers.h"

namespace thalweg {
namespace {

std::int64_t product(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

at::Tensor Affine::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

Affine make_affine(const Site& site, const AffineOptions& options) {
  const StandardInit standard{.scale = 1.0 / std::sqrt(static_cast<double>(options.inputs))};
  const Sizes sizes{options.outputs, options.inputs};
  Affine affine;
  const std::string weight_name = options.name + "weight", bias_name = options.name + "bias";
  affine.weight = site.weight({.name = weight_name, .sizes = sizes, .standard = standard});
  if (options.bias) {
    affine.bias = site.bias({.name = bias_name,
                             .sizes = {options.outputs},
                             .standard = options.zero_bias ? StandardInit{} : standard,
                             .fans = fans_of(sizes)});
  }
  return affine;
}

Built build_linear(const Site& site) {
  const bool image = site.input.size() > 2;
  Sizes output = image ? Sizes{product(site.input)} : site.input;
  const Affine affine =
      make_affine(site, {.name = "", .inputs = output.back(), .outputs = site.units(), .bias = site.options.bias});
  output.back() = affine.weight.size(0);
  return {[affine, image](const at::Tensor& x, bool) { return affine(image ? x.flatten(1) : x); }, output, true};
}

Built build_flatten(const Site& site) {
  return {[](const at::Tensor& x, bool) { return x.flatten(1); }, {product(site.input)}};
}

Built build_dropout(const Site& site) {
  const double p = site.options.p;
  if (!(p >= 0.0 && p <= 1.0)) site.refuse(fmt::format("p = {}; allowed is 0 to 1", p));
  site.parts.random |= p > 0.0;
  return {[p](const at::Tensor& x, bool training) { return at::dropout(x, p, training); }, site.input};
}

Built build_activation(const Site& site) {
  return {[](const at::Tensor& x, bool) { return x; }, site.input};
}

}  // namespace thalweg
