#include "thalweg/report/signal_panel.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "thalweg/report/heat_map.h"
#include "thalweg/report/json.h"
#include "thalweg/report/number.h"
#include "thalweg/report/table.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using Json = nlohmann::ordered_json;

std::string or_dash(double value, int digits = 3) { return std::isnan(value) ? "–" : number(value, digits); }
// Beyond float32's resolution the smallest singular value is rounding.
std::string condition_words(double value) {
  constexpr double kResolved = 1.0 / std::numeric_limits<float>::epsilon();
  return value > kResolved ? fmt::format("over {}", number(kResolved, 1)) : or_dash(value);
}

std::string share_or_dash(double value) { return std::isnan(value) ? "–" : share(value); }

std::string depth_words(const Signal& s) {
  const std::string verdict = s.verdict == DepthVerdict::passes     ? "the signal passes: "
                              : s.verdict == DepthVerdict::too_deep ? "too deep for its weights: "
                                                                    : "";
  std::string text = verdict + s.reason + ".";
  if (std::isfinite(s.length)) {
    text += fmt::format(" ξ = {} layers [{}, {}]; the likeness of two inputs ends at {}.", number(s.length),
                        number(s.length_low), std::isfinite(s.length_high) ? number(s.length_high) : "no end",
                        number(s.limit));
  }
  if (std::isfinite(s.backward_gain)) {
    text += fmt::format(" The gradient at the first layer is {} times that at the last.", number(s.backward_gain));
  }
  return text;
}

std::string whole_words(const Signal::Jacobian& j) {
  if (std::isnan(j.norm)) return "";
  std::string text =
      fmt::format("End to end a small change of the input grows by at most {} (± {}), its mean square by {}",
                  number(j.norm), or_dash(j.norm_error), number(j.mean_square));
  if (!std::isnan(j.condition))
    text += fmt::format("; the largest singular value is {} times the smallest", condition_words(j.condition));
  return text + fmt::format(" (at {} rows).", j.rows);
}

std::string forward_table(const Signal& s, const Look& look) {
  Rows rows;
  for (const Signal::Layer& l : s.layers) {
    rows.push_back({safe_text(l.name), or_dash(l.mean, 2), or_dash(l.rms), or_dash(l.gradient_rms),
                    or_dash(l.correlation), or_dash(l.jacobian.norm), or_dash(l.jacobian.mean_square),
                    condition_words(l.jacobian.condition)});
  }
  return table({{.title = "layer"},
                {.title = "mean", .align = Align::right},
                {.title = "rms", .align = Align::right},
                {.title = "gradient", .align = Align::right},
                {.title = "likeness", .align = Align::right},
                {.title = "‖J‖", .align = Align::right},
                {.title = "J²", .align = Align::right},
                {.title = "cond", .align = Align::right}},
               rows, look);
}

std::string unit_table(const Signal& s, const Look& look) {
  Rows rows;
  for (const Signal::Layer& l : s.layers) {
    if (std::isnan(l.dead)) continue;
    rows.push_back({safe_text(l.name), count(l.units), share_or_dash(l.dead), share_or_dash(l.dormant),
                    share_or_dash(l.saturated), share_or_dash(l.cloned), share_or_dash(l.effective_rank)});
  }
  if (rows.empty()) return "";
  return table({{.title = "layer"},
                {.title = "units", .align = Align::right},
                {.title = "dead", .align = Align::right},
                {.title = "dormant", .align = Align::right},
                {.title = "saturated", .align = Align::right},
                {.title = "cloned", .align = Align::right},
                {.title = "rank", .align = Align::right}},
               rows, look);
}

Json json_of(const Signal::Jacobian& j) {
  Json json;
  put_number(json, "norm", j.norm);
  put_number(json, "norm_error", j.norm_error);
  put_number(json, "mean_square", j.mean_square);
  put_number(json, "mean_square_error", j.mean_square_error);
  put_number(json, "condition", j.condition);
  json["rows"] = j.rows;
  json["exact"] = j.exact;
  return json;
}

Json json_of(const Signal::Layer& l) {
  Json json;
  json["name"] = l.name;
  json["type"] = l.type;
  json["activation"] = l.activation;
  json["units"] = l.units;
  json["counts_as_depth"] = l.weighted;
  put_number(json, "activation_mean", l.mean);
  put_number(json, "activation_rms", l.rms);
  put_number(json, "activation_gradient_rms", l.gradient_rms);
  put_number(json, "input_correlation", l.correlation);
  put_number(json, "input_correlation_error", l.correlation_error);
  put_number(json, "effective_rank", l.effective_rank);
  put_number(json, "dead_units", l.dead);
  put_number(json, "dormant_units", l.dormant);
  put_number(json, "saturated_units", l.saturated);
  put_number(json, "cloned_units", l.cloned);
  if (l.jacobian.rows > 0) json["jacobian"] = json_of(l.jacobian);
  return json;
}

Json json_of(const HeatMap& map) {
  Json values = Json::array();
  for (const double v : map.values) values.push_back(std::isfinite(v) ? Json(v) : Json(nullptr));
  return {{"quantity", map.title}, {"layers", map.layers}, {"steps", map.steps}, {"values", values}};
}

}  // namespace

std::string signal_panel(const Signal& s, const std::vector<HeatMap>& maps, const Look& look) {
  std::string text = painted("Signal", Paint::bold, look) + "\n";
  text += paragraph(depth_words(s), look.width, 2) + paragraph(whole_words(s.whole), look.width, 2) + "\n";
  text += forward_table(s, look) + "\n";
  if (const std::string units = unit_table(s, look); !units.empty()) {
    text +=
        units +
        paragraph(fmt::format("Units on these {} rows; a run's readings are of 1,024 rows and more.", count(s.rows)),
                  look.width, 2) +
        "\n";
  }
  for (const HeatMap& map : maps) {
    if (const std::string drawn = heat_map(map, look); !drawn.empty()) text += drawn + "\n";
  }
  return text;
}

std::string signal_json(const Signal& s, const std::vector<HeatMap>& maps) {
  Json json;
  json["rows"] = s.rows;
  put_number(json, "loss", s.loss);
  json["verdict"] = name(s.verdict);
  json["reason"] = s.reason;
  json["depth"] = s.depth;
  put_number(json, "correlation_length", s.length);
  put_number(json, "correlation_length_low", s.length_low);
  put_number(json, "correlation_length_high", s.length_high);
  put_number(json, "correlation_limit", s.limit);
  put_number(json, "depth_in_lengths", s.lengths);
  put_number(json, "depth_in_lengths_low", s.lengths_low);
  put_number(json, "depth_in_lengths_high", s.lengths_high);
  put_number(json, "backward_gain", s.backward_gain);
  if (s.whole.rows > 0) json["jacobian"] = json_of(s.whole);
  json["layers"] = Json::array();
  for (const Signal::Layer& layer : s.layers) json["layers"].push_back(json_of(layer));
  json["heat_maps"] = Json::array();
  for (const HeatMap& map : maps) json["heat_maps"].push_back(json_of(map));
  put_number(json, "gradient_units", s.gradient_units);
  return dump(json);
}

}  // namespace thalweg::report
