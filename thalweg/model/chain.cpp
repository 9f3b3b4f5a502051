// A chain of layers: their names, their order, and what of them is done together.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <set>

#include "thalweg/model/activation.h"
#include "thalweg/model/layers.h"
#include "thalweg/model/summary.h"
#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Activation;
using recipe::Layer;
using recipe::LayerType;

constexpr double kMostOutputs = 1e9;  // of one row: 4 GB

bool speakable(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

// The given name, or type and number among those of its type.
std::vector<std::string> layer_names(const Chain& chain) {
  std::vector<std::string> names;
  std::map<std::string_view, int> count;
  std::set<std::string> taken;
  for (const Layer& layer : chain.layers) {
    const int number = ++count[recipe::name(layer.type)];
    const std::string name = layer.name.empty() ? fmt::format("{}{}", recipe::name(layer.type), number) : layer.name;
    if (!speakable(name)) {
      throw UsageError(fmt::format("layer name '{}': a name is made of letters, digits, '_' and '-'", printable(name)));
    }
    if (!taken.insert(name).second) {
      throw UsageError(fmt::format("two layers are named '{}{}'; give one of them another name", chain.prefix, name));
    }
    names.push_back(chain.prefix + name);
  }
  return names;
}

bool takes_tokens(LayerType type) { return type == LayerType::embedding || type == LayerType::one_hot; }

void check_tokens(const Site& site, bool tokens) {
  if (tokens && !takes_tokens(site.options.type)) {
    site.misfit("numbers with a scale", "these are characters: put an embedding or one_hot before it");
  }
  if (!tokens && takes_tokens(site.options.type)) {
    site.misfit("characters (whole numbers)", "these are numbers with a scale: leave the layer out");
  }
}

// What a layer hands on must fit the memory, a row at least.
void check_size(const Site& site, const Sizes& output) {
  double numbers = 1.0;
  for (const std::int64_t size : output) numbers *= static_cast<double>(size);
  if (numbers > kMostOutputs) {
    site.refuse(fmt::format("its output {} has {:.3g} numbers a row; at most {:.0e} are possible", shape_text(output),
                            numbers, kMostOutputs));
  }
}

Built build_layer(const Site& site) {
  switch (site.options.type) {
    case LayerType::linear:
      return build_linear(site);
    case LayerType::conv:
      return build_conv(site);
    case LayerType::pool:
      return build_pool(site);
    case LayerType::flatten:
      return build_flatten(site);
    case LayerType::dropout:
      return build_dropout(site);
    case LayerType::batch_norm:
      return build_batch_norm(site);
    case LayerType::layer_norm:
      return build_layer_norm(site);
    case LayerType::group_norm:
      return build_group_norm(site);
    case LayerType::embedding:
      return build_embedding(site);
    case LayerType::one_hot:
      return build_one_hot(site);
    case LayerType::rnn:
    case LayerType::gru:
    case LayerType::lstm:
      return build_recurrent(site);
    case LayerType::attention:
      return build_attention(site);
    case LayerType::transformer:
      return build_transformer(site);
    case LayerType::residual:
      return build_residual(site);
    case LayerType::activation:
      return build_activation(site);
  }
  site.refuse("no such layer");
}

// A layer with its activation. `joined`: the activation is the next layer's work, unless somebody looks.
struct Link {
  std::shared_ptr<Tap*> tap;
  std::string name;
  recipe::LayerType type = LayerType::linear;
  Activation activation = Activation::none;
  Built layer;
  bool joined = false;

  at::Tensor operator()(const at::Tensor& x, bool training) const {
    at::Tensor y = layer.forward(x, training);
    if (*tap != nullptr) {
      const at::Tensor output = activate(activation, y);
      (*tap)->passed({.layer = name,
                      .type = recipe::name(type),
                      .module = "",
                      .activation = recipe::name(activation),
                      .input = x,
                      .before = y,
                      .output = output});
      return joined ? y : output;
    }
    if (activation == Activation::none || joined) return y;
    return layer.overwritable ? activate_in_place(activation, std::move(y)) : activate(activation, y);
  }
};

// Whether the layer's relu may be left to the layer after it: relu and max-pooling commute, and after it there is less
// to do.
bool relu_joins(const Layer& layer, const Built& built, const Layer* next) {
  return layer.activation == Activation::relu && built.output.size() == 3 && next != nullptr && pools_pairs(*next);
}

}  // namespace

Built build_chain(const Chain& chain, Parts& parts) {
  const std::vector<std::string> names = layer_names(chain);
  std::vector<Link> links;
  Sizes shape = chain.input;
  bool tokens = chain.tokens, relu_first = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Layer& layer = chain.layers[i];
    const Site site{.options = layer, .name = names[i], .input = shape, .relu_first = relu_first, .parts = parts};
    check_tokens(site, tokens);
    Built built = build_layer(site);
    tokens = false;
    shape = built.output;
    check_size(site, shape);
    add_summary(site, shape);
    relu_first = relu_joins(layer, built, i + 1 < names.size() ? &chain.layers[i + 1] : nullptr);
    links.push_back({.tap = parts.tap,
                     .name = site.name,
                     .type = layer.type,
                     .activation = layer.activation,
                     .layer = std::move(built),
                     .joined = relu_first});
  }
  return {[links = std::move(links)](const at::Tensor& input, bool training) {
            at::Tensor x = input;
            for (const Link& link : links) x = link(x, training);
            return x;
          },
          shape};
}

}  // namespace thalweg
