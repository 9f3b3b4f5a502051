#include "thalweg/spectral/double_backward.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/generated/Functions.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>
#include <numbers>
#include <unordered_map>
#include <unordered_set>

#include "thalweg/spectral/double_backward_kernel.h"

namespace thalweg {
namespace {

using torch::autograd::Edge;
using torch::autograd::Node;
using torch::autograd::variable_list;
using NodePointer = c10::intrusive_ptr<Node>;

bool fits(const at::Tensor& t) {
  return t.defined() && t.is_cpu() && t.scalar_type() == at::kFloat && t.layout() == at::kStrided && !t.is_complex();
}

// Stands where `old` stood: the same edges, the same shapes. Every gradient's cotangent may be undefined: zero.
class Replacement : public Node {
 public:
  explicit Replacement(const Node& old) : Node(old.sequence_nr(), torch::autograd::edge_list(old.next_edges())) {
    for (std::uint32_t i = 0; i < old.num_inputs(); ++i) {
      const torch::autograd::InputMetadata& m = old.input_metadata(i);
      if (m.was_default_constructed()) {
        add_input_metadata(undefined_input());
      } else {
        add_input_metadata(m.options(), m.shape_as_dim_vector(), false, false, m.grad_dtype());
      }
    }
  }
};

// gelu(x) = x Φ(x), its backward G = g D with D = Φ + x φ; for a cotangent c: dg = c D, dx = c g φ (2 − x²).
class GeluDouble final : public Replacement {
 public:
  GeluDouble(const Node& old, const at::Tensor& g, const at::Tensor& x) : Replacement(old) {
    slope_ = at::gelu_backward(at::ones_like(x), x);
    bend_ = at::exp(x.square().mul_(-0.5)).mul_(1.0 / std::sqrt(2.0 * std::numbers::pi)).mul_(g).mul_(2.0 - x.square());
  }
  variable_list apply(variable_list&& c) override {
    if (!c[0].defined()) return variable_list(2);
    return {task_should_compute_output(0) ? c[0] * slope_ : at::Tensor(),
            task_should_compute_output(1) ? c[0] * bend_ : at::Tensor()};
  }

 private:
  at::Tensor slope_, bend_;
};

class SoftmaxDouble final : public Replacement {
 public:
  SoftmaxDouble(const Node& old, const at::Tensor& g, const at::Tensor& y)
      : Replacement(old), g_(g.contiguous()), y_(y.contiguous()) {}
  variable_list apply(variable_list&& cotangents) override {
    if (!cotangents[0].defined()) return variable_list(2);
    const at::Tensor c = cotangents[0].contiguous();
    at::Tensor dg = at::empty_like(y_), dy = at::empty_like(y_);
    const std::int64_t n = y_.size(-1), rows = y_.numel() / std::max<std::int64_t>(1, n);
    for (std::int64_t i = 0; i < rows; ++i) {
      kernel::softmax_double_backward(n, {.y = y_.const_data_ptr<float>() + i * n,
                                          .g = g_.const_data_ptr<float>() + i * n,
                                          .c = c.const_data_ptr<float>() + i * n,
                                          .dg = dg.mutable_data_ptr<float>() + i * n,
                                          .dy = dy.mutable_data_ptr<float>() + i * n});
    }
    return {dg, dy};
  }

 private:
  at::Tensor g_, y_;
};

class LayerNormDouble final : public Replacement {
 public:
  // Its inputs: g, x, mean, 1/σ, weight, bias.
  static constexpr std::size_t kWeight = 4, kInputs = 6;
  struct Saved {
    at::Tensor g, x, mean, rstd, weight;
  };
  LayerNormDouble(const Node& old, Saved saved) : Replacement(old), s_(std::move(saved)) {
    s_.g = s_.g.contiguous();
    s_.x = s_.x.contiguous();
  }
  variable_list apply(variable_list&& cotangents) override {
    const std::int64_t n = s_.weight.numel(), rows = s_.x.numel() / n;
    const auto dense = [](const at::Tensor& t) { return t.defined() ? t.contiguous() : t; };
    const auto data = [](const at::Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; };
    const at::Tensor c = cotangents[0].defined() ? cotangents[0].contiguous() : at::zeros_like(s_.x);
    const at::Tensor u = dense(cotangents[1]), v = dense(cotangents[2]);
    at::Tensor dg = at::empty_like(s_.x), dx = at::empty_like(s_.x), dw = at::zeros_like(s_.weight);
    const at::Tensor scratch = at::empty({2 * n}, s_.x.options());
    for (std::int64_t i = 0; i < rows; ++i) {
      kernel::layer_norm_double_backward(n, {.x = data(s_.x) + i * n,
                                             .g = data(s_.g) + i * n,
                                             .w = data(s_.weight),
                                             .c = data(c) + i * n,
                                             .u = data(u),
                                             .v = data(v),
                                             .mean = data(s_.mean)[i],
                                             .rstd = data(s_.rstd)[i],
                                             .dg = dg.mutable_data_ptr<float>() + i * n,
                                             .dx = dx.mutable_data_ptr<float>() + i * n,
                                             .dw = dw.mutable_data_ptr<float>(),
                                             .scratch = scratch.mutable_data_ptr<float>()});
    }
    variable_list result(kInputs);
    result[0] = dg;
    result[1] = dx;
    result[kWeight] = dw;
    return result;
  }

 private:
  Saved s_;
};

// y = conv(x, W), its backward G_x = convᵀ(g, W), G_W = g ⋆ x, G_b = Σ g. For cotangents u of G_x, V of G_W, v of G_b:
//     dg = conv(u, W) + conv(x, V) + v,   dx = convᵀ(g, V),   dW = g ⋆ u;
// the two convolutions are one over stacked channels, the two others one call of torch's backward.
class ConvolutionDouble final : public Replacement {
 public:
  struct Saved {
    at::Tensor g, x, weight;
    std::vector<std::int64_t> stride, padding, dilation;
    std::int64_t groups = 1;
  };
  ConvolutionDouble(const Node& old, Saved saved) : Replacement(old), s_(std::move(saved)) {}
  variable_list apply(variable_list&& cotangents) override {
    const at::Tensor &u = cotangents[0], &v = cotangents[1], &bias = cotangents[2];
    variable_list result(3);
    if (task_should_compute_output(0)) result[0] = forward(u, v, bias);
    const bool dx = v.defined() && task_should_compute_output(1), dw = u.defined() && task_should_compute_output(2);
    if (dx || dw) {
      // With u in the place of the input and V in that of the weight.
      const at::Tensor input = u.defined() ? u : s_.x, weight = v.defined() ? v : s_.weight;
      auto [of_input, of_weight, none] =
          at::convolution_backward(s_.g, input, weight, at::OptionalIntArrayRef(), s_.stride, s_.padding, s_.dilation,
                                   false, std::vector<std::int64_t>(s_.stride.size(), 0), s_.groups, {dx, dw, false});
      if (dx) result[1] = of_input;
      if (dw) result[2] = of_weight;
    }
    return result;
  }

 private:
  at::Tensor forward(const at::Tensor& u, const at::Tensor& v, const at::Tensor& bias) const {
    const auto conv = [&](const at::Tensor& x, const at::Tensor& w) {
      return at::convolution(x, w, bias, s_.stride, s_.padding, s_.dilation, false,
                             std::vector<std::int64_t>(s_.stride.size(), 0), s_.groups);
    };
    if (u.defined() && v.defined()) {
      if (s_.groups == 1) return conv(at::cat({u, s_.x}, 1), at::cat({s_.weight, v}, 1));
      return conv(u, s_.weight) + at::convolution(s_.x, v, {}, s_.stride, s_.padding, s_.dilation, false,
                                                  std::vector<std::int64_t>(s_.stride.size(), 0), s_.groups);
    }
    if (v.defined()) return conv(s_.x, v);
    if (u.defined()) return conv(u, s_.weight);
    if (!bias.defined()) return {};
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(s_.g.dim()), 1);
    sizes[1] = bias.numel();
    return bias.view(sizes).expand_as(s_.g);
  }
  Saved s_;
};

std::vector<std::int64_t> numbers_of(const std::vector<c10::SymInt>& values) {
  std::vector<std::int64_t> result;
  result.reserve(values.size());
  for (const c10::SymInt& value : values) result.push_back(value.expect_int());
  return result;
}

at::Tensor unpacked(const torch::autograd::SavedVariable& saved) {
  const at::Tensor t = saved.unpack();
  return t.defined() ? t.detach() : t;
}

// The replacement of a node, or null where there is none for it.
NodePointer replacement(Node& node) {
  namespace generated = torch::autograd::generated;
  if (auto* gelu = dynamic_cast<generated::GeluBackwardBackward0*>(&node)) {
    const at::Tensor g = unpacked(gelu->grad_output_), x = unpacked(gelu->self_);
    if (gelu->approximate != "none" || !fits(g) || !fits(x)) return {};
    return c10::make_intrusive<GeluDouble>(node, g, x);
  }
  if (auto* softmax = dynamic_cast<generated::SoftmaxBackwardDataBackward0*>(&node)) {
    const at::Tensor g = unpacked(softmax->grad_output_), y = unpacked(softmax->output_);
    const bool last = softmax->dim == -1 || softmax->dim == y.dim() - 1;
    if (!last || !fits(g) || !fits(y)) return {};
    return c10::make_intrusive<SoftmaxDouble>(node, g, y);
  }
  if (auto* norm = dynamic_cast<generated::NativeLayerNormBackwardBackward0*>(&node)) {
    LayerNormDouble::Saved s{unpacked(norm->grad_out_), unpacked(norm->input_), unpacked(norm->mean_),
                             unpacked(norm->rstd_), unpacked(norm->weight_)};
    if (norm->num_outputs() != LayerNormDouble::kInputs || !fits(s.weight)) return {};
    if (!fits(s.g) || !fits(s.x) || !fits(s.mean) || !fits(s.rstd)) return {};
    return c10::make_intrusive<LayerNormDouble>(node, std::move(s));
  }
  if (auto* conv = dynamic_cast<generated::ConvolutionBackwardBackward0*>(&node)) {
    ConvolutionDouble::Saved s{unpacked(conv->grad_output_), unpacked(conv->input_),    unpacked(conv->weight_),
                               numbers_of(conv->stride),     numbers_of(conv->padding), numbers_of(conv->dilation),
                               conv->groups.expect_int()};
    if (conv->transposed || !fits(s.g) || !fits(s.x) || !fits(s.weight)) return {};
    return c10::make_intrusive<ConvolutionDouble>(node, std::move(s));
  }
  return {};
}

std::unordered_set<Node*> nodes_below(const at::Tensor& root) {
  std::unordered_set<Node*> seen;
  std::vector<Node*> open;
  const auto visit = [&](const Edge& edge) {
    if (edge.function && seen.insert(edge.function.get()).second) open.push_back(edge.function.get());
  };
  if (root.requires_grad()) visit(torch::autograd::impl::gradient_edge(root));
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    for (const Edge& edge : node->next_edges()) visit(edge);
  }
  return seen;
}

}  // namespace

int replace_double_backwards(std::vector<at::Tensor>& gradient, const at::Tensor& loss) {
  std::unordered_map<Node*, NodePointer> replaced;
  std::unordered_set<Node*> seen = nodes_below(loss);  // these are left alone
  std::vector<Node*> open;
  const auto visit = [&](Edge& edge) {
    if (!edge.function) return;
    Node* node = edge.function.get();
    if (const auto found = replaced.find(node); found != replaced.end()) {
      edge.function = found->second;
      return;
    }
    if (!seen.insert(node).second) return;
    if (NodePointer other = replacement(*node)) {
      replaced[node] = other;
      seen.insert(other.get());
      open.push_back(other.get());
      edge.function = std::move(other);
      return;
    }
    open.push_back(node);
  };
  for (at::Tensor& g : gradient) {
    if (!g.defined() || !g.requires_grad()) continue;
    Edge edge = torch::autograd::impl::gradient_edge(g);
    const Node* before = edge.function.get();
    visit(edge);
    if (edge.function.get() != before) torch::autograd::impl::set_gradient_edge(g, edge);
  }
  while (!open.empty()) {
    Node* node = open.back();
    open.pop_back();
    for (Edge& edge : node->next_edges()) visit(edge);
  }
  return static_cast<int>(replaced.size());
}

}  // namespace thalweg
