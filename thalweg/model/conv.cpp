// conv and pool, on images [channels, height, width].
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "thalweg/model/layers.h"
#include "thalweg/model/max_pool.h"

namespace thalweg {
namespace {

using Pair = std::array<std::int64_t, 2>;  // along height and width

// A conv of a single channel takes oneDNN, forward and backward together, 1.2 to 4 times as long as unfolding the image
// and one matrix product (images of 28×28 to 128×128, kernels 3 to 7, 8 to 64 channels, one thread), as long as what is
// unfolded, so many entries a row, stays near the cache.
constexpr std::int64_t kUnfolded = 1 << 16;

struct Window {
  Pair kernel{1, 1};
  Pair stride{1, 1};
  std::int64_t padding = 0;
};

void require_image(const Site& site) {
  if (site.input.size() == 3) return;
  site.misfit("an image [channels, height, width]",
              "put it before flatten and linear, or give the data as images [row, channel, height, width]");
}

// ⌊(size + 2 padding − kernel) / stride⌋ + 1 along height and width
Sizes slid_over(const Site& site, const Window& window, std::int64_t channels) {
  Sizes output{channels};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t size = site.input[axis + 1] + 2 * window.padding;
    if (size < window.kernel[axis]) {
      site.refuse(fmt::format("kernel = {} is larger than its input {}{}; at most {} fits", window.kernel[axis],
                              shape_text(site.input),
                              window.padding > 0 ? fmt::format(" with padding {}", window.padding) : "",
                              std::min(site.input[1], site.input[2]) + 2 * window.padding));
    }
    output.push_back((size - window.kernel[axis]) / window.stride[axis] + 1);
  }
  return output;
}

// kernel = 0: the whole image; stride = 0: the kernel.
Window pool_window(const Site& site) {
  const recipe::Layer& options = site.options;
  const std::int64_t kernel = site.checked("kernel", options.kernel, 0);
  const std::int64_t stride = site.checked("stride", options.stride, 0);
  Window window;
  window.kernel = kernel == 0 ? Pair{site.input[1], site.input[2]} : Pair{kernel, kernel};
  window.stride = stride == 0 ? window.kernel : Pair{stride, stride};
  return window;
}

}  // namespace

Built build_conv(const Site& site) {
  require_image(site);
  const recipe::Layer& options = site.options;
  const std::int64_t kernel = site.checked("kernel", options.kernel), stride = site.checked("stride", options.stride);
  const Window window{
      .kernel = {kernel, kernel}, .stride = {stride, stride}, .padding = site.checked("padding", options.padding, 0)};
  const std::int64_t channels = site.checked("channels", options.channels);
  const Sizes output = slid_over(site, window, channels);
  const Sizes sizes{channels, site.input[0], kernel, kernel};
  const Fans fans = fans_of(sizes);
  const StandardInit standard{.scale = 1.0 / std::sqrt(fans.in)};
  const at::Tensor weight = site.weight({.name = "weight", .sizes = sizes, .standard = standard});
  at::Tensor bias;
  if (options.bias) bias = site.bias({.name = "bias", .sizes = {channels}, .standard = standard, .fans = fans});
  const Pair padding{window.padding, window.padding};
  const bool unfold = site.input[0] == 1 && kernel * kernel * output[1] * output[2] <= kUnfolded;
  return {[=](const at::Tensor& x, bool) {
            if (unfold && x.is_cpu()) return at::thnn_conv2d(x, weight, window.kernel, bias, window.stride, padding);
            return at::conv2d(x, weight, bias, window.stride, padding);
          },
          output, true};
}

bool pools_pairs(const recipe::Layer& layer) {
  return layer.type == recipe::LayerType::pool && layer.pool == recipe::PoolKind::max && layer.kernel == 2 &&
         (layer.stride == 0 || layer.stride == 2);
}

Built build_pool(const Site& site) {
  require_image(site);
  const Window window = pool_window(site);
  const Sizes output = slid_over(site, window, site.input[0]);
  if (pools_pairs(site.options)) {
    const MaxPoolOptions pool{.relu = site.relu_first};
    return {[pool](const at::Tensor& x, bool) { return max_pool_2x2(x, pool); }, output, true};
  }
  if (site.options.pool == recipe::PoolKind::average) {
    return {[=](const at::Tensor& x, bool) { return at::avg_pool2d(x, window.kernel, window.stride); }, output, true};
  }
  return {[=](const at::Tensor& x, bool) { return at::max_pool2d(x, window.kernel, window.stride); }, output, true};
}

}  // namespace thalweg
