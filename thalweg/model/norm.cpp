// batch_norm (Ioffe, Szegedy 2015), layer_norm (Ba, Kiros, Hinton 2016), group_norm (Wu, He 2018).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/model/layers.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

// The axis of [rows, …] that keeps its own statistics, counted from 0; negative ones count from the end.
std::int64_t kept_axis(const Site& site) {
  const auto axes = static_cast<std::int64_t>(site.input.size()) + 1;
  const std::int64_t axis = site.options.axis;
  if (axis < -axes || axis >= axes) {
    site.refuse(fmt::format("axis = {}, but a batch of its input {} has the axes 0 (rows) to {}; 1 is the usual one",
                            axis, shape_text(site.input), axes - 1));
  }
  return axis < 0 ? axis + axes : axis;
}

// The foolish axis: each row is normalised by its own mean and variance, over all its entries, and the scales lie along
// axis 1.
Built build_row_norm(const Site& site) {
  const recipe::Layer& options = site.options;
  at::Tensor scale, shift;
  if (options.affine) {
    Sizes sizes(site.input.size(), 1);
    sizes[0] = site.input[0];
    scale = site.norm_parameter("weight", {site.input[0]}, 1.0);
    shift = site.norm_parameter("bias", {site.input[0]}, 0.0);
    return {[=, eps = options.eps](const at::Tensor& x, bool) {
              return at::layer_norm(x, x.sizes().slice(1), {}, {}, eps) * scale.view(sizes) + shift.view(sizes);
            },
            site.input};
  }
  return {[eps = options.eps](const at::Tensor& x, bool) { return at::layer_norm(x, x.sizes().slice(1), {}, {}, eps); },
          site.input};
}

struct BatchNorm {
  std::string name;
  at::Tensor scale, shift, mean, variance;  // undefined: not affine, not tracked
  std::int64_t axis = 1;
  double momentum = 0.1;
  double eps = 1e-5;

  at::Tensor operator()(const at::Tensor& x, bool training) const {
    if (training && x.size(0) < 2) {
      throw UsageError(
          fmt::format("layer '{}' (batch_norm): a batch of one row has no variance to normalise by; train on at "
                      "least 2 rows a batch, or use layer_norm",
                      name));
    }
    const auto normalised = [&](const at::Tensor& channels_at_1) {
      return at::batch_norm(channels_at_1, scale, shift, mean, variance, training || !mean.defined(), momentum, eps,
                            true);
    };
    return axis == 1 ? normalised(x) : normalised(x.transpose(1, axis)).transpose(1, axis);
  }
};

}  // namespace

Built build_batch_norm(const Site& site) {
  const recipe::Layer& options = site.options;
  const std::int64_t axis = kept_axis(site);
  if (axis == 0) return build_row_norm(site);
  const Sizes sizes{site.input[static_cast<std::size_t>(axis) - 1]};
  BatchNorm norm{.name = site.name, .axis = axis, .momentum = options.momentum, .eps = options.eps};
  if (options.affine) {
    norm.scale = site.norm_parameter("weight", sizes, 1.0);
    norm.shift = site.norm_parameter("bias", sizes, 0.0);
  }
  if (options.track) {
    norm.mean = site.buffer("running_mean", sizes, 0.0);
    norm.variance = site.buffer("running_var", sizes, 1.0);
    site.parts.random = true;
  }
  site.parts.fewest_rows = 2;
  return {norm, site.input, axis == 1};
}

Built build_layer_norm(const Site& site) {
  const recipe::Layer& options = site.options;
  // Over the features: each moment of a sequence by itself, an image as a whole.
  const Sizes over = site.input.size() == 2 ? Sizes{site.input.back()} : site.input;
  at::Tensor scale, shift;
  if (options.affine) {
    scale = site.norm_parameter("weight", over, 1.0);
    shift = site.norm_parameter("bias", over, 0.0);
  }
  return {[=, eps = options.eps](const at::Tensor& x, bool) { return at::layer_norm(x, over, scale, shift, eps); },
          site.input, true};
}

Built build_group_norm(const Site& site) {
  const recipe::Layer& options = site.options;
  const std::int64_t channels = site.input.front(), groups = site.checked("groups", options.groups);
  if (site.input.size() == 2)
    site.refuse(
        "takes images or plain features; for a sequence use layer_norm, which normalises each moment by itself");
  if (channels % groups != 0) {
    site.refuse(fmt::format("groups = {}, which do not divide the {} channels of its input {}", groups, channels,
                            shape_text(site.input)));
  }
  at::Tensor scale, shift;
  if (options.affine) {
    scale = site.norm_parameter("weight", {channels}, 1.0);
    shift = site.norm_parameter("bias", {channels}, 0.0);
  }
  return {[=, eps = options.eps](const at::Tensor& x, bool) { return at::group_norm(x, groups, scale, shift, eps); },
          site.input, true};
}

}  // namespace thalweg
