#include "thalweg/model/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "thalweg/recipe/names.h"

namespace thalweg {
namespace {

using recipe::Layer;
using recipe::LayerType;

std::string count_text(std::int64_t count, std::string_view noun) {
  return fmt::format(", {} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string window_text(const Layer& layer, std::int64_t usual_stride) {
  if (layer.kernel == 0) return "over the whole image";
  std::string text = fmt::format("{0}×{0}", layer.kernel);
  if (layer.stride != usual_stride && layer.stride != 0) text += fmt::format(", stride {}", layer.stride);
  return text;
}

// What is said of a layer beside its type and activation.
std::string details(const Layer& layer, std::int64_t outputs) {
  const std::string units = count_text(layer.units == recipe::kUnitsFromClasses ? outputs : layer.units, "unit");
  switch (layer.type) {
    case LayerType::linear:
      return units + (layer.bias ? "" : ", no bias");
    case LayerType::conv:
      return fmt::format(" {}{}{}{}", window_text(layer, 1), count_text(layer.channels, "channel"),
                         layer.padding > 0 ? fmt::format(", padding {}", layer.padding) : "",
                         layer.bias ? "" : ", no bias");
    case LayerType::pool:
      return fmt::format(" {} {}", layer.pool == recipe::PoolKind::max ? "max" : "average",
                         window_text(layer, layer.kernel));
    case LayerType::dropout:
      return fmt::format(" {}", layer.p);
    case LayerType::batch_norm:
      return layer.axis == 1 ? "" : fmt::format(", axis {}", layer.axis);
    case LayerType::group_norm:
      return count_text(layer.groups, "group");
    case LayerType::embedding:
      return units + (layer.positions == recipe::Positions::none      ? ""
                      : layer.positions == recipe::Positions::learned ? ", learned positions"
                                                                      : ", sinusoidal positions");
    case LayerType::rnn:
    case LayerType::gru:
    case LayerType::lstm:
      return units + (layer.layers > 1 ? count_text(layer.layers, "layer") : "") +
             (layer.output == recipe::Return::last ? ", last" : ", all");
    case LayerType::attention:
    case LayerType::transformer:
      return count_text(layer.heads, "head") + (layer.causal ? ", causal" : "");
    default:
      return "";
  }
}

// Columns as bytes: shapes and names are ASCII but for the × of a type.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string grouped(std::int64_t number) {  // 109 386
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, " ");
  return text;
}

}  // namespace

std::string describe_layer(const Layer& layer, const NetworkShape& shape) {
  if (layer.type == LayerType::activation) return std::string(recipe::name(layer.activation));
  std::string text = std::string(recipe::name(layer.type)) + details(layer, shape.outputs);
  if (layer.activation != recipe::Activation::none) text += fmt::format(", {}", recipe::name(layer.activation));
  return text;
}

void add_summary(const Site& site, const Sizes& output) {
  Parts& parts = site.parts;
  std::int64_t before = 0;
  for (const LayerSummary& layer : parts.summary) before += layer.parameters;
  parts.summary.push_back({.name = site.name,
                           .type = describe_layer(site.options, parts.shape),
                           .output = output,
                           .parameters = parts.numbers - before,
                           .kind = site.options.type,
                           .activation = site.options.activation});
}

std::string summary_table(const Network& network) {
  std::vector<std::array<std::string, 4>> rows{{"layer", "", "output", "parameters"}};
  std::int64_t total = 0;
  for (const LayerSummary& layer : network.summary()) {
    rows.push_back({layer.name, layer.type, shape_text(layer.output), grouped(layer.parameters)});
    total += layer.parameters;
  }
  rows.push_back({"total", "", "", grouped(total)});
  std::array<std::size_t, 4> widths{};
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < 4; ++column) widths[column] = std::max(widths[column], width_of(row[column]));
  }
  std::string table;
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < 4; ++column) {
      const std::string gap(widths[column] - width_of(row[column]), ' ');
      table += column == 3 ? gap + row[column] + "\n" : row[column] + gap + "  ";
    }
  }
  return table;
}

}  // namespace thalweg
