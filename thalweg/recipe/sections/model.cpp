#include <fmt/format.h>

#include "thalweg/recipe/presets.h"
#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

constexpr std::int64_t kMostBlocks = 1000;  // of a preset: its layers are written out

Layer first_layer(const Model& model) {
  Layer layer;
  layer.init = model.init;
  return layer;
}

std::optional<Complaint> read_option(const PresetOption& option, const Node& node, double& value) {
  if (!option.whole) return share_below(1.0).read(node, value);
  std::int64_t number = 0;
  auto complaint = whole(1, std::string_view(option.key) == "layers" ? kMostBlocks : kLargestSize).read(node, number);
  value = static_cast<double>(number);
  return complaint;
}

void read_into(const PresetOption& option, const Node& node, Model& model, const Place& place) {
  double value = 0.0;
  if (const auto complaint = read_option(option, node, value)) {
    place.wrong(node,
                {complaint->what, option.whole ? "whole number >= 1" : "number >= 0 and < 1", complaint->nearest});
  }
  model.preset.options[option.key] = value;
}

// An option of a preset. It is not written: a preset is written as its layers.
Field<Model> preset_key(const PresetOption& option) {
  Field<Model> field{.key = option.key, .type = option.whole ? "whole number >= 1" : "number >= 0 and < 1"};
  field.standard = option.whole ? print(static_cast<std::int64_t>(option.standard)) : print(option.standard);
  field.meaning = option.meaning;
  field.read = [&option](const Node& node, Model& model, const Place& place) { read_into(option, node, model, place); };
  const auto current = [](const Model& model) { return model.preset.kind.empty() ? "none" : model.preset.kind; };
  field.only({"preset", current, {option.preset}});
  return field;
}

// `layers` is the network, or with some presets their number of layers.
void read_layers(const std::function<void(const Node&, Model&, const Place&)>& read_list, const Node& node,
                 Model& model, const Place& place) {
  if (model.preset.kind.empty()) return read_list(node, model, place);
  for (const PresetOption& option : kPresetOptions) {
    if (model.preset.kind == option.preset && std::string_view(option.key) == "layers" && !node.list()) {
      return read_into(option, node, model, place);
    }
  }
  place.wrong(node, {fmt::format("stands beside preset = \"{}\"", model.preset.kind), "layers or a preset, not both"});
}

void judge_heads(const Model& model, const Node& node, const Place& place) {
  const auto width = static_cast<std::int64_t>(preset_option(model.preset, "width"));
  const auto heads = static_cast<std::int64_t>(preset_option(model.preset, "heads"));
  if (width % heads == 0) return;
  const char* key = node.has("heads") ? "heads" : "width";
  (place / key)
      .wrong(*node.find(key),
             {fmt::format("leaves {} heads a width of {} to share", heads, width), "a width that the heads divide"});
}

void finish(Model& model, const Node& node, const Place& place, bool clean) {
  const Node* layers = node.find("layers");
  if (!model.preset.kind.empty()) {
    if (!clean) return;
    model.layers = preset_layers(model.preset, model.init);
    if (model.preset.kind == "char_transformer") judge_heads(model, node, place);
    model.preset = {};
  } else if (!layers) {
    place.problems->add_missing(node, "model.layers", "a list of layers, or a preset instead");
  } else if (clean && model.layers.empty()) {
    (place / "layers").wrong(*layers, {"is empty", "one layer or more"});
  }
}

Section<Model> make() {
  Section<Model> s;
  s.key(
       "preset", [](auto& m) -> auto& { return m.preset.kind; },
       word_of({std::begin(kPresetNames), std::end(kPresetNames)}),
       "A ready-made network instead of layers, with its own options; the resolved recipe has its layers.")
      .otherwise("none")
      .decider()
      .write = nullptr;
  s.table("init", &Model::init, init_section, "How weights start, for every layer that does not say otherwise.");
  s.key("statistics", &Model::statistics, choice<Statistics>(),
        "What batch norms are evaluated with: running averages, or statistics taken anew over the training part.");
  Field<Model>& layers = s.list("layers", &Model::layers, layer_section, first_layer,
                                "The network, first layer first; with a preset the number of its layers.");
  layers.read = [list = layers.read](const Node& node, Model& model, const Place& place) {
    read_layers(list, node, model, place);
  };
  layers.type += ", or with a preset a whole number >= 1";
  layers.otherwise("must be given, or a preset");
  for (const PresetOption& option : kPresetOptions) {
    if (std::string_view(option.key) != "layers") s.key(preset_key(option));
  }
  s.finish(finish);
  return s;
}

}  // namespace

const Section<Model>& model_section() {
  static const Section<Model> section = make();
  return section;
}

}  // namespace thalweg::recipe
