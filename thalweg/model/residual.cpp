// residual: x + layers(x) (He et al. 2016). Where the layers change the shape, x goes through a projection without
// bias: a 1×1 conv with the stride that is needed, or a linear map of the features.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/model/layers.h"

namespace thalweg {
namespace {

// The smallest stride that turns the first size into the second, ⌈from/s⌉ = to; 0 where there is none.
std::int64_t stride_between(std::int64_t from, std::int64_t to) {
  if (to < 1 || to > from) return 0;
  const std::int64_t stride = (from + to - 1) / to;
  return (from - 1) / stride + 1 == to ? stride : 0;
}

[[noreturn]] void no_shortcut(const Site& site, const Sizes& output) {
  site.refuse(
      fmt::format("its layers turn {} into {}, to which no 1×1 conv or linear map leads; let them keep the size, or "
                  "divide height and width by the same stride",
                  shape_text(site.input), shape_text(output)));
}

at::Tensor projection_weight(const Site& site, const Sizes& sizes) {
  const StandardInit standard{.scale = 1.0 / std::sqrt(fans_of(sizes).in)};
  return site.weight({.name = "projection.weight", .sizes = sizes, .standard = standard});
}

std::function<at::Tensor(const at::Tensor&)> make_shortcut(const Site& site, const Sizes& output) {
  const Sizes& input = site.input;
  if (input == output) return [](const at::Tensor& x) { return x; };
  if (input.size() != output.size()) no_shortcut(site, output);
  if (input.size() < 3) {
    if (input.size() == 2 && input[0] != output[0]) no_shortcut(site, output);
    const at::Tensor weight = projection_weight(site, {output.back(), input.back()});
    return [weight](const at::Tensor& x) { return at::linear(x, weight); };
  }
  const std::int64_t down = stride_between(input[1], output[1]), across = stride_between(input[2], output[2]);
  if (down == 0 || across == 0) no_shortcut(site, output);
  const at::Tensor weight = projection_weight(site, {output[0], input[0], 1, 1});
  return [=](const at::Tensor& x) { return at::conv2d(x, weight, {}, {down, across}); };
}

}  // namespace

Built build_residual(const Site& site) {
  if (site.options.inner.empty()) site.refuse("has no layers; write layers = [...]");
  const Built inner =
      build_chain({.layers = site.options.inner, .prefix = site.name + ".", .input = site.input}, site.parts);
  const auto shortcut = make_shortcut(site, inner.output);
  return {[=](const at::Tensor& x, bool training) { return inner.forward(x, training) + shortcut(x); }, inner.output,
          true};
}

}  // namespace thalweg
