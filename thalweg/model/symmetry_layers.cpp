// Follows the signal of a recipe's network from layer to layer, and says which axes of which tensors its units lie on.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "thalweg/model/symmetry.h"
#include "thalweg/model/symmetry_builder.h"
#include "thalweg/recipe/names.h"

namespace thalweg {
namespace {

using recipe::Layer;
using recipe::LayerType;
using Sizes = std::vector<std::int64_t>;
using Signal = SymmetryBuilder::Signal;

// The axis of a batch [rows, …] whose entries are units: channels of an image, else the features.
std::int64_t unit_axis(const Sizes& shape) { return shape.size() == 2 ? 2 : 1; }

class Walk {
 public:
  explicit Walk(const Network& network) : network_(network) {
    for (const auto* tensors : {&network.parameters(), &network.buffers()}) {
      for (const auto& [name, tensor] : *tensors) names_.insert(name);
    }
  }

  // `shape`: of a row; afterwards of a row of the output.
  Signal chain(const std::vector<Layer>& layers, Signal signal, Sizes& shape) {
    for (const Layer& layer : layers) {
      Signal output = layer.type == LayerType::residual ? residual(layer, signal, shape) : plain(layer, signal, shape);
      builder_.activation(output, layer.activation);
      const bool biased = (layer.type == LayerType::linear || layer.type == LayerType::conv) && layer.bias &&
                          layer.activation == recipe::Activation::none;
      before_norm_ = biased ? last_name_ + ".bias" : "";
      signal = output;
      builder_.heard(last_name_, signal);
    }
    return signal;
  }
  SymmetryBuilder& builder() { return builder_; }

 private:
  bool has(const std::string& name) const { return names_.contains(name); }
  const LayerSummary& next() {
    const LayerSummary& layer = network_.summary().at(cursor_++);
    last_name_ = layer.name;
    return layer;
  }

  Signal plain(const Layer& layer, const Signal& x, Sizes& shape) {
    const LayerSummary& site = next();
    const Signal y = dispatch(layer, site.name, x, shape);
    shape = site.output;
    return y;
  }

  Signal dispatch(const Layer& layer, const std::string& name, const Signal& x, const Sizes& shape) {
    switch (layer.type) {
      case LayerType::linear:
        return affine(name + ".", "units", shape.size() > 2 ? flat(x, shape) : x);
      case LayerType::conv:
        return affine(name + ".", "channels", x);
      case LayerType::pool:
        if (layer.pool == recipe::PoolKind::max) builder_.max_pool(x);
        return x;
      case LayerType::flatten:
        return flat(x, shape);
      case LayerType::batch_norm:
        return batch_norm(layer, name, x, shape);
      case LayerType::layer_norm:
        return row_norm(name + ".", x, !shape.empty());
      case LayerType::group_norm:
        return group_norm(layer, name, x);
      case LayerType::embedding:
        return embedding(layer, name);
      case LayerType::one_hot:
        return builder_.input(0);
      case LayerType::rnn:
      case LayerType::gru:
      case LayerType::lstm:
        return recurrent(layer, name, sequence(x, shape));
      case LayerType::attention: {
        const Signal out = builder_.fresh(name, "units", features(shape));
        return attention(layer, name, name + ".", sequence(x, shape), out);
      }
      case LayerType::transformer:
        return transformer(layer, name, sequence(x, shape), features(shape));
      default:  // dropout, activation
        return x;
    }
  }

  // --- shapes

  static Signal flat(Signal x, const Sizes& shape) {
    if (shape.size() == 3) x.inner *= shape[1] * shape[2];
    if (shape.size() == 2) x.outer *= shape[0];
    return x;
  }
  static Signal sequence(Signal x, const Sizes& shape) {
    if (shape.size() == 3) x.inner *= shape[2];  // an image, row by row
    return x;
  }
  static std::int64_t features(const Sizes& shape) { return shape.size() == 3 ? shape[0] * shape[2] : shape.back(); }

  std::int64_t rows_of(const std::string& name) const {
    for (const auto& [candidate, tensor] : network_.parameters()) {
      if (candidate == name) return tensor.size(0);
    }
    return 0;
  }

  // --- layers with weights. `prefix`: "linear1.", "transformer1.linear1."

  void write_affine(const std::string& prefix, const Signal& to) {
    builder_.write(to, {prefix + "weight", 0});
    if (has(prefix + "bias")) builder_.write(to, {prefix + "bias", 0});
  }

  Signal affine(const std::string& prefix, const std::string& what, const Signal& x) {
    builder_.read(x, {prefix + "weight", 1});
    const Signal y = builder_.fresh(prefix.substr(0, prefix.size() - 1), what, rows_of(prefix + "weight"));
    write_affine(prefix, y);
    return y;
  }

  Signal embedding(const Layer& layer, const std::string& name) {
    const Signal y = builder_.fresh(name, "units", layer.units);
    builder_.write(y, {name + ".weight", 1});
    if (layer.positions == recipe::Positions::learned) builder_.write(y, {name + ".positions", 1});
    if (layer.positions == recipe::Positions::sinusoidal) builder_.pin(y, "fixed positions are added to its units");
    return y;
  }

  // --- norms

  // Scale and shift of each unit; without them the same cell goes on.
  Signal scaled(const std::string& prefix, const Signal& x) {
    if (!has(prefix + "weight")) return x;
    builder_.read(x, {prefix + "weight", 0});
    const Signal y = builder_.renewed(x, prefix.substr(0, prefix.size() - 1));
    builder_.write(y, {prefix + "weight", 0});
    builder_.write(y, {prefix + "bias", 0});
    return y;
  }

  // Behind statistics of all units at once no parameter is theirs: no factor on either side, nor where they are added.
  Signal fixed_size(const std::string& name, const Signal& x) {
    builder_.no_factors(x);
    const Signal y = builder_.renewed(x, name);
    builder_.no_factors(y);
    return y;
  }

  Signal batch_norm(const Layer& layer, const std::string& name, const Signal& x, const Sizes& shape) {
    const auto axes = static_cast<std::int64_t>(shape.size()) + 1;
    const std::int64_t axis = layer.axis < 0 ? layer.axis + axes : layer.axis;
    if (axis == 0) return row_norm(name + ".", x, shape.size() != 2);
    if (axis != unit_axis(shape)) {  // its parameters belong to another axis, its statistics to all units at once
      return fixed_size(name, x);
    }
    builder_.no_scale(x);  // eps
    if (has(name + ".running_mean")) {
      builder_.write(x, {name + ".running_mean", 0});
      builder_.ride(x, {name + ".running_var", 0});
    }
    if (!before_norm_.empty()) {
      builder_.further({name, fmt::format("{}, which the norm takes away again", before_norm_), builder_.size(x)});
    }
    return scaled(name + ".", x);
  }

  // Normalised by the row's own statistics, over all units. `scales`: whether its parameters lie on the units' axis.
  Signal row_norm(const std::string& prefix, const Signal& x, bool scales) {
    if (!scales || !has(prefix + "weight")) return fixed_size(prefix.substr(0, prefix.size() - 1), x);
    builder_.no_factors(x);
    return scaled(prefix, x);
  }

  Signal group_norm(const Layer& layer, const std::string& name, const Signal& x) {
    if (layer.groups == builder_.size(x) && x.outer == 1 && x.inner == 1) {
      builder_.no_scale(x);
      return scaled(name + ".", x);
    }
    builder_.blocks(x, layer.groups);
    return row_norm(name + ".", x, true);
  }

  // --- recurrent

  Signal recurrent(const Layer& layer, const std::string& name, Signal x) {
    const std::int64_t gates = layer.type == LayerType::lstm ? 4 : layer.type == LayerType::gru ? 3 : 1;
    // The gate whose tanh makes what is added to the state: all others weigh it.
    const std::int64_t odd = gates == 1 ? 0 : 2;
    for (std::int64_t l = 0; l < layer.layers; ++l) {
      const auto tensor = [&](const char* what) { return fmt::format("{}.{}_l{}", name, what, l); };
      const std::string label = layer.layers == 1 ? name : fmt::format("{}, layer {}", name, l + 1);
      const Signal h = builder_.fresh(label, "units", rows_of(tensor("weight_hh")) / gates);
      builder_.activation(h, recipe::Activation::tanh);
      builder_.read(x, {tensor("weight_ih"), 1});
      for (const char* what : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
        builder_.write_gate(h, {tensor(what), 0}, gates, odd);
      }
      builder_.read(h, {tensor("weight_hh"), 1});
      x = h;
    }
    return x;
  }

  // --- attention

  // Reads x, writes to `out`.
  Signal attention(const Layer& layer, const std::string& name, const std::string& prefix, const Signal& x,
                   const Signal& out) {
    builder_.read(x, {prefix + "in_proj_weight", 1});
    write_affine(prefix + "out_proj.", out);
    const std::int64_t width = rows_of(prefix + "out_proj.weight"), depth = width / layer.heads;
    UnitGroup heads{.name = name, .what = "heads", .layers = {name}, .size = layer.heads};
    heads.uses = {{.tensor = prefix + "in_proj_weight", .outer = 3, .inner = depth},
                  {.tensor = prefix + "in_proj_bias", .outer = 3, .inner = depth},
                  {.tensor = prefix + "out_proj.weight", .axis = 1, .inner = depth, .power = -1}};
    builder_.heads(heads);
    builder_.further({name, "queries against keys", layer.heads * depth * depth});
    builder_.further({name, "values against the output", layer.heads * depth * depth});
    builder_.further({name, "biases of keys, which the softmax takes away again", width});
    builder_.further({name, "biases of values against the output's", width});
    return out;
  }

  Signal transformer(const Layer& layer, const std::string& name, const Signal& x, std::int64_t width) {
    Signal stream = x;
    if (x.inner != 1) builder_.pin(x, "a stream is added to pixels of an image");
    const Signal out = builder_.fresh(name, "units", width);
    attention(layer, name, name + ".self_attn.", row_norm(name + ".norm1.", stream, true), out);
    add(stream, out);
    const Signal up = affine(name + ".linear1.", "units", row_norm(name + ".norm2.", stream, true));
    builder_.activation(up, recipe::Activation::gelu);
    builder_.read(up, {name + ".linear2.weight", 1});
    const Signal down = builder_.fresh(name, "units", width);
    write_affine(name + ".linear2.", down);
    add(stream, down);
    return stream;
  }

  void add(const Signal& stream, const Signal& what) { builder_.tie(stream, what); }

  // --- residual

  Signal residual(const Layer& layer, const Signal& x, Sizes& shape) {
    const Sizes before = shape;
    const Signal y = chain(layer.inner, x, shape);
    const LayerSummary& site = next();
    if (const std::string weight = site.name + ".projection.weight"; has(weight)) {
      builder_.read(x, {weight, 1});
      builder_.write(y, {weight, 0});
    } else {
      builder_.tie(x, y);
    }
    shape = site.output;
    return y;
  }

  const Network& network_;
  std::set<std::string> names_;
  std::size_t cursor_ = 0;
  std::string last_name_;
  std::string before_norm_;  // the bias that a norm would follow
  SymmetryBuilder builder_;
};

}  // namespace

Symmetry symmetry_of(const recipe::Model& model, const NetworkShape& shape, const Network& network) {
  Walk walk(network);
  Sizes row = shape.input;
  const std::int64_t units = shape.tokens ? 0 : row.size() == 2 ? row.back() : row.front();
  const Signal output = walk.chain(model.layers, walk.builder().input(units), row);
  walk.builder().pin(output, "it is the output");
  return walk.builder().finish();
}

}  // namespace thalweg
