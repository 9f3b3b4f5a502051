// attention: softmax(QKᵀ/√d) V in several heads (Vaswani et al. 2017), written out, since fused kernels have no second
// derivative. transformer: x ← x + attention(norm(x)); x ← x + mlp(norm(x)), the pre-norm block (Xiong et al. 2020)
// with a gelu MLP. Parameters are named and laid out as torch's MultiheadAttention and TransformerEncoderLayer name
// them.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

#include "thalweg/model/layers.h"

namespace thalweg {
namespace {

struct Attention {
  Affine in;  // width to 3·width: queries, keys, values
  Affine out;
  std::int64_t heads = 1;
  bool causal = false;

  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t rows = x.size(0), time = x.size(1), width = x.size(2), depth = width / heads;
    const auto parts = in(x)
                           .view({rows, time, 3, heads, depth})
                           .permute({2, 0, 3, 1, 4})
                           .reshape({3, rows * heads, time, depth})
                           .unbind();
    const at::Tensor values = at::bmm(weights(parts[0], parts[1]), parts[2]);
    return out(values.view({rows, heads, time, depth}).transpose(1, 2).reshape({rows, time, width}));
  }
  // [rows·heads, time, time]; what lies in the future counts nothing
  at::Tensor weights(const at::Tensor& queries, const at::Tensor& keys) const {
    const double scale = 1.0 / std::sqrt(static_cast<double>(queries.size(2)));
    const at::Tensor turned = keys.transpose(1, 2);
    if (!causal) return at::softmax(at::bmm(queries * scale, turned), -1);
    const std::int64_t time = queries.size(1);
    const at::Tensor mask = at::full({time, time}, -std::numeric_limits<double>::infinity(), queries.options()).triu(1);
    return at::softmax(at::baddbmm(mask, queries, turned, 1.0, scale), -1);
  }
};

Attention make_attention(const Site& site, const std::string& name, std::int64_t width) {
  const recipe::Layer& options = site.options;
  const std::int64_t heads = site.checked("heads", options.heads);
  if (width % heads != 0) {
    site.refuse(fmt::format("its input {} has {} features, which {} heads do not divide", shape_text(site.input), width,
                            heads));
  }
  Attention attention{.heads = heads, .causal = options.causal};
  // LibTorch draws the three matrices by Glorot's rule, as one of [3·width, width].
  const StandardInit standard{.scale = std::sqrt(6.0 / static_cast<double>(4 * width))};
  attention.in.weight =
      site.weight({.name = name + "in_proj_weight", .sizes = {3 * width, width}, .standard = standard, .gates = 3});
  attention.in.bias =
      site.bias({.name = name + "in_proj_bias", .sizes = {3 * width}, .gates = 3, .fans = fans_of({width, width})});
  attention.out = make_affine(site, {.name = name + "out_proj.", .inputs = width, .outputs = width, .zero_bias = true});
  return attention;
}

struct LayerNorm {
  at::Tensor scale, shift;
  double eps = 1e-5;
  at::Tensor operator()(const at::Tensor& x) const { return at::layer_norm(x, scale.sizes(), scale, shift, eps); }
};

LayerNorm make_layer_norm(const Site& site, const std::string& name, std::int64_t width) {
  return {.scale = site.norm_parameter(name + "weight", {width}, 1.0),
          .shift = site.norm_parameter(name + "bias", {width}, 0.0),
          .eps = site.options.eps};
}

}  // namespace

Built build_attention(const Site& site) {
  const SequenceInput sequence = sequence_input(site);
  const Attention attention = make_attention(site, "", sequence.features);
  return {[=](const at::Tensor& x, bool) { return attention(sequence(x)); }, {sequence.time, sequence.features}};
}

Built build_transformer(const Site& site) {
  const SequenceInput sequence = sequence_input(site);
  const std::int64_t width = sequence.features;
  const std::int64_t hidden = site.options.units == 0 ? 4 * width : site.units();
  const Attention attention = make_attention(site, "self_attn.", width);
  const Affine up = make_affine(site, {.name = "linear1.", .inputs = width, .outputs = hidden});
  const Affine down = make_affine(site, {.name = "linear2.", .inputs = hidden, .outputs = width});
  const LayerNorm norm1 = make_layer_norm(site, "norm1.", width);
  const LayerNorm norm2 = make_layer_norm(site, "norm2.", width);
  return {[=](const at::Tensor& input, bool) {
            const at::Tensor x = sequence(input);
            const at::Tensor y = x + attention(norm1(x));
            return y + down(at::gelu(up(norm2(y))));
          },
          {sequence.time, width}};
}

}  // namespace thalweg
