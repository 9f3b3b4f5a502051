#include "thalweg/report/coupling_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "thalweg/report/json.h"
#include "thalweg/report/number.h"
#include "thalweg/report/svg.h"
#include "thalweg/report/table.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

double largest_of(const Coupling& c) {
  double largest = 0.0;
  for (const double entry : c.matrix) largest = std::max(largest, std::isfinite(entry) ? std::abs(entry) : 0.0);
  return largest;
}

// By the root of the share of the largest, so that small entries are seen; a minus before what is negative.
std::string cell(double entry, double largest, const Look& look) {
  constexpr std::array<std::string_view, 5> kShades{" ", "░", "▒", "▓", "█"};
  if (!std::isfinite(entry)) return " ?";
  const double share = largest > 0.0 ? std::sqrt(std::abs(entry) / largest) : 0.0;
  const std::string_view shade = kShades.at(static_cast<std::size_t>(std::min(4.0, 5.0 * share)));
  if (shade == " ") return " ·";
  const bool minus = entry < 0.0;
  return painted(fmt::format("{}{}", minus ? std::string_view("-") : shade, shade), minus ? Paint::blue : Paint::red,
                 look);
}

std::string share_or_none(double value) { return std::isfinite(value) ? share(value) : "–"; }

// Losses that differ by less than their rounding say nothing.
std::string change(double value, double error) {
  if (!std::isfinite(value)) return "–";
  return std::abs(value) < error ? fmt::format("{} (below its rounding, {})", number(value), number(error, 1))
                                 : number(value);
}

struct Line {
  std::string_view words;
  std::string value;
};

std::string lines_of(const Coupling& c) {
  const auto n = static_cast<double>(c.size());
  const std::vector<Line> lines = {
      {"share of the matrix off its diagonal", share_or_none(c.share())},
      {"g'u, which each layer's gradient counts on", number(c.slope())},
      {"½ Σ u_i'Hu_i, each layer by itself", number(0.5 * c.own_curvature())},
      {"½ Σ u_i'Hu_j, between layers", number(0.5 * (c.curvature() - c.own_curvature()))},
      {"all layers moved: L(θ+u) − L(θ)", change(c.change, c.change_error)},
      {"each alone, summed", change(c.alone(), n * c.change_error)},
      {"what they do to each other", change(c.interaction(), (n + 1.0) * c.change_error)},
      {"beyond second order", change(c.beyond_second(), c.change_error + c.slope_error + 0.5 * n * c.matrix_error)},
  };
  std::string text;
  for (const Line& line : lines) text += fmt::format("  {}  {}\n", padded(std::string(line.words), 43), line.value);
  return text;
}

// Red above zero, blue below, white at it.
std::string fill(double entry, double largest) {
  const double share = largest > 0.0 && std::isfinite(entry) ? std::sqrt(std::abs(entry) / largest) : 0.0;
  const int other = static_cast<int>(std::lround(255.0 - 200.0 * share));
  return entry < 0.0 ? fmt::format("rgb({0},{0},255)", other) : fmt::format("rgb(255,{0},{0})", other);
}

}  // namespace

std::string coupling_heat_map(const Coupling& c, const Look& look) {
  const double largest = largest_of(c);
  std::vector<Column> columns{{"", Align::right},
                              {"layer", Align::left},
                              {"u_i'Hu_j", Align::left},
                              {"others' share", Align::right},
                              {"alone", Align::right}};
  Rows rows;
  for (std::size_t i = 0; i < c.size(); ++i) {
    std::string cells;
    for (std::size_t j = 0; j < c.size(); ++j) cells += cell(c.at(i, j), largest, look);
    const Coupling::Layer& layer = c.layers[i];
    rows.push_back({std::to_string(i + 1), safe_text(layer.name), cells, share_or_none(c.share(i)),
                    std::isfinite(layer.alone) ? number(layer.alone) : "–"});
  }
  return table(columns, rows, look) +
         fmt::format("  darkest: {}; a minus before what is below zero; columns as rows, layer 1 first\n",
                     number(largest));
}

std::string coupling_panel(const Coupling& c, const Look& look) {
  return painted("  what the layers do to each other in the next step", Paint::bold, look) + "\n\n" +
         coupling_heat_map(c, look) + "\n" + lines_of(c) +
         fmt::format("  cost: {} products, {} forwards{}\n", c.products, c.forwards,
                     std::isfinite(c.gradient_units) ? fmt::format(", {} gu", number(c.gradient_units, 2)) : "");
}

std::string coupling_svg(const Coupling& c) {
  constexpr int kCell = 34, kLeft = 150, kTop = 60;
  const int n = static_cast<int>(c.size()), side = n * kCell;
  const double largest = largest_of(c);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"11\" role=\"img\" aria-label=\"coupling between layers\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"8\" y=\"18\" font-size=\"13\">u_i'Hu_j, {2}: {3} off the diagonal</text>\n"
      "<text x=\"8\" y=\"34\">red above zero, blue below; darkest {4}</text>\n",
      kLeft + side + 20, kTop + side + 20, svg_escaped(c.subject), share_or_none(c.share()), number(largest));
  for (int i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{} {}</text>\n", kLeft - 6,
                       kTop + i * kCell + kCell / 2 + 4, svg_escaped(c.layers[row].name), i + 1);
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", kLeft + i * kCell + kCell / 2,
                       kTop - 6, i + 1);
    for (int j = 0; j < n; ++j) {
      const double entry = c.at(row, static_cast<std::size_t>(j));
      svg += fmt::format(
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"#ddd\"><title>{}</title></rect>\n",
          kLeft + j * kCell, kTop + i * kCell, kCell, kCell, fill(entry, largest), number(entry));
    }
  }
  return svg + "</svg>\n";
}

std::string coupling_json(const Coupling& c) {
  nlohmann::ordered_json json;
  json["subject"] = c.subject;
  json["rows"] = c.rows;
  json["layers"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < c.size(); ++i) {
    nlohmann::ordered_json layer;
    layer["name"] = c.layers[i].name;
    layer["parameters"] = c.layers[i].parameters;
    put_number(layer, "slope", c.layers[i].slope);
    put_number(layer, "change_alone", c.layers[i].alone);
    put_number(layer, "coupling_share", c.share(i));
    json["layers"].push_back(std::move(layer));
  }
  json["matrix"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < c.size(); ++i) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (std::size_t j = 0; j < c.size(); ++j) {
      row.push_back(std::isfinite(c.at(i, j)) ? nlohmann::ordered_json(c.at(i, j)) : nlohmann::ordered_json());
    }
    json["matrix"].push_back(std::move(row));
  }
  put_number(json, "matrix_error", c.matrix_error);
  put_number(json, "coupling_share", c.share());
  put_number(json, "slope", c.slope());
  put_number(json, "curvature", c.curvature());
  put_number(json, "own_curvature", c.own_curvature());
  put_number(json, "actual_change", c.change);
  put_number(json, "change_error", c.change_error);
  put_number(json, "change_alone", c.alone());
  put_number(json, "change_interaction", c.interaction());
  put_number(json, "change_beyond_second", c.beyond_second());
  json["hvps"] = c.products;
  json["forwards"] = c.forwards;
  put_number(json, "gradient_units", c.gradient_units);
  return dump(json);
}

}  // namespace thalweg::report
