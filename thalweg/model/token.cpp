// embedding and one_hot: what turns characters, whole numbers [time], into features [time, units].
#include <ATen/ATen.h>

#include "thalweg/model/layers.h"

namespace thalweg {
namespace {

// sin(t / 10000^(2i/units)) at 2i, the cosine at 2i + 1 (Vaswani et al. 2017).
at::Tensor sinusoids(std::int64_t time, std::int64_t units) {
  const at::Tensor pair = at::arange(units, at::kDouble).div(2, "floor");
  const at::Tensor angle =
      at::arange(time, at::kDouble).unsqueeze(1) / at::pow(10000.0, 2.0 * pair / static_cast<double>(units));
  const at::Tensor even = at::arange(units, at::kLong).remainder(2) == 0;
  return at::where(even, angle.sin(), angle.cos());
}

at::Tensor position_table(const Site& site, const Sizes& sizes) {
  switch (site.options.positions) {
    case recipe::Positions::none:
      return {};
    case recipe::Positions::learned:
      return site.weight({.name = "positions", .sizes = sizes, .standard = {StandardInit::Kind::normal, 1.0}});
    case recipe::Positions::sinusoidal:
      return site.constant(sinusoids(sizes[0], sizes[1]));
  }
  return {};
}

}  // namespace

Built build_embedding(const Site& site) {
  const std::int64_t units = site.units();
  const Sizes output{site.input.back(), units};
  const at::Tensor weight = site.weight(
      {.name = "weight", .sizes = {site.parts.shape.vocabulary, units}, .standard = {StandardInit::Kind::normal, 1.0}});
  const at::Tensor positions = position_table(site, output);
  return {[=](const at::Tensor& x, bool) {
            const at::Tensor features = at::embedding(weight, x);
            return positions.defined() ? features + positions.narrow(0, 0, x.size(1)) : features;
          },
          output};
}

Built build_one_hot(const Site& site) {
  const std::int64_t vocabulary = site.parts.shape.vocabulary;
  const at::Tensor one = site.constant(at::ones({1}, at::kDouble));
  return {[=](const at::Tensor& x, bool) {
            at::Tensor hot = at::zeros({x.size(0), x.size(1), vocabulary}, one.options());
            return hot.scatter_(2, x.unsqueeze(2), 1.0);
          },
          {site.input.back(), vocabulary}};
}

}  // namespace thalweg
