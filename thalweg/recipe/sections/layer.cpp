#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Layer> of(const std::vector<LayerType>& types) { return owners<Layer>("type", &Layer::type, types); }

Layer first_inner(const Layer& residual) {
  Layer layer;
  layer.init = residual.init;
  return layer;
}

// A number of units, or "classes": as many as the data have.
Type<std::int64_t> units() {
  const Type<std::int64_t> size = size_from(1);
  const auto read = [size](const Node& node, std::int64_t& value) -> std::optional<Complaint> {
    const std::string* word = node.text();
    if (!word) return size.read(node, value);
    if (*word != "classes") return wrong_word(*word, {"classes"});
    value = kUnitsFromClasses;
    return std::nullopt;
  };
  const auto write = [](const std::int64_t& value) {
    return value == kUnitsFromClasses ? quoted("classes") : print(value);
  };
  return {size.allowed + " | \"classes\"", read, write};
}

// A layer's name is part of its weights' names, "conv1.weight", which have '.' and globs of their own.
Type<std::string> layer_name() {
  Type<std::string> type = text("text without '.', '*', '?', '/'");
  type.read = [base = type.read](const Node& node, std::string& value) -> std::optional<Complaint> {
    std::string word;
    if (auto complaint = base(node, word)) return complaint;
    if (word.find_first_of(".*?/") != std::string::npos) return Complaint{"has a character that names of weights need"};
    value = word;
    return std::nullopt;
  };
  return type;
}

void add_sizes(Section<Layer>& s) {
  using enum LayerType;
  s.key("units", &Layer::units, units(),
        "Outputs of the layer; \"classes\": as many as the data have classes or characters.")
      .must()
      .only(of({linear, embedding, rnn, gru, lstm}));
  s.key("units", &Layer::units, size_from(0), "Width of the block's MLP; 0: four times the block's width.")
      .only(of({transformer}));
  s.key("bias", &Layer::bias, yes_no(), "Whether a bias is added.").only(of({linear, conv}));
  s.key("channels", &Layer::channels, size_from(1), "Output channels.").must().only(of({conv}));
  s.key("kernel", &Layer::kernel, size_from(1), "Side of the square window.").only(of({conv}));
  s.key("kind", &Layer::pool, choice<PoolKind>(), "What is taken of each window.").only(of({pool}));
  s.key("kernel", &Layer::kernel, size_from(0), "Side of the square window; 0: the whole image.")
      .only(of({pool}))
      .otherwise("2", [](Layer& layer) { layer.kernel = 2; });
  s.key("stride", &Layer::stride, size_from(1), "Pixels from one window to the next.").only(of({conv}));
  s.key("stride", &Layer::stride, size_from(0), "Pixels from one window to the next; 0: the kernel.")
      .only(of({pool}))
      .otherwise("the kernel", [](Layer& layer) { layer.stride = 0; });
  s.key("padding", &Layer::padding, size_from(0), "Zeros added on each side.").only(of({conv}));
}

void add_normalization(Section<Layer>& s) {
  using enum LayerType;
  s.key("p", &Layer::p, within(0, 1), "Share of the numbers that is dropped.").only(of({dropout}));
  s.key("axis", &Layer::axis, whole(-8, 8), "The axis whose entries are normalised apart; 1: channels, features.")
      .only(of({batch_norm}));
  s.key("momentum", &Layer::momentum, within(0, 1), "Weight of the new batch in the running statistics.")
      .only(of({batch_norm}));
  s.key("eps", &Layer::eps, at_least(0), "Added to the variance.").only(of({batch_norm, layer_norm, group_norm}));
  s.key("affine", &Layer::affine, yes_no(), "Whether scale and shift are learned.")
      .only(of({batch_norm, layer_norm, group_norm}));
  s.key("groups", &Layer::groups, size_from(1), "Groups of channels that are normalised together, row by row.")
      .only(of({group_norm}));
  s.key("track", &Layer::track, yes_no(), "Whether running statistics are kept for evaluation.").only(of({batch_norm}));
}

void add_sequences(Section<Layer>& s) {
  using enum LayerType;
  s.key("positions", &Layer::positions, choice<Positions>(), "What is added to tell places apart.")
      .only(of({embedding}));
  s.key("layers", &Layer::layers, whole(1, 1000), "Recurrent layers on top of each other.").only(of({rnn, gru, lstm}));
  s.key("return", &Layer::output, choice<Return>(), "The last step, or all.").only(of({rnn, gru, lstm}));
  s.key("truncate", &Layer::truncate, size_from(0), "Time steps that the gradient goes back; 0: all.")
      .only(of({rnn, gru, lstm}));
  s.key("memory", &Layer::memory, size_from(0), "Time steps that the gates begin to remember; 0: as they are drawn.")
      .only(of({gru, lstm}));
  s.key("heads", &Layer::heads, size_from(1), "Attention heads; they share the width.")
      .only(of({attention, transformer}));
  s.key("causal", &Layer::causal, yes_no(), "Whether a step sees only those before it.")
      .only(of({attention, transformer}));
}

void finish(Layer& layer, const Node& node, const Place& place, bool clean) {
  if (layer.type == LayerType::pool && layer.stride == 0) layer.stride = layer.kernel;
  if (!clean) return;
  if (layer.type == LayerType::residual && layer.inner.empty()) {
    (place / "layers").wrong(*node.find("layers"), {"is empty", "one layer or more"});
  }
  const Node* after = node.find("activation");
  if (layer.type != LayerType::activation) return;
  if (after && node.has("kind")) (place / "activation").wrong(*after, {"stands beside kind", "kind alone"});
  if (!after && !node.has("kind"))
    place.problems->add_missing(node, (place / "kind").path, choice<Activation>().allowed);
}

Section<Layer> make() {
  Section<Layer> s;
  s.key("type", &Layer::type, choice<LayerType>(), "What the layer does.").must().decider();
  Field<Layer>& called = s.key("name", &Layer::name, layer_name(), "What its weights are called by.");
  called.otherwise("its type and a number, linear1");
  called.write = [](const Layer& layer, const Layer&) { return layer.name.empty() ? "" : quoted(layer.name); };
  s.key("kind", &Layer::activation, choice<Activation>(), "The function.")
      .otherwise("must be given")
      .only(of({LayerType::activation}));
  add_sizes(s);
  add_normalization(s);
  add_sequences(s);
  s.table("init", &Layer::init, init_section, "How its weights start; keys that are not given are the model's.")
      .idle_inner = nullptr;  // most of it is the model's, and told there
  s.list("layers", &Layer::inner, layer_section, first_inner, "What stands beside the shortcut.")
      .must()
      .only(of({LayerType::residual}));
  Field<Layer>& after =
      s.key("activation", &Layer::activation, choice<Activation>(), "Applied to the layer's outputs.");
  after.write = [write = after.write](const Layer& layer, const Layer& base) {
    return layer.type == LayerType::activation ? "" : write(layer, base);  // there it is `kind`
  };
  s.finish(finish);
  return s;
}

}  // namespace

const Section<Layer>& layer_section() {
  static const Section<Layer> section = make();
  return section;
}

}  // namespace thalweg::recipe
