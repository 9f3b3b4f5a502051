#include "thalweg/report/recurrence_panel.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/report/entries.h"
#include "thalweg/report/json.h"
#include "thalweg/report/number.h"
#include "thalweg/report/recurrence_drawing.h"
#include "thalweg/report/table.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using Json = nlohmann::ordered_json;

std::string with_bar(double value, double error) {
  if (std::isnan(value)) return "–";
  return std::isfinite(error) ? fmt::format("{} ± {}", number(value), number(error, 2)) : number(value);
}

std::string horizon_cell(const RecurrentLayer& r) {
  if (std::isnan(r.horizon.value)) return "–";
  if (r.horizon_seen) return number(r.horizon.value);
  if (std::isinf(r.horizon.high)) return fmt::format("> {}", r.time);
  return fmt::format("> {} (some {})", r.time, number(r.horizon.value, 2));
}

std::string layer_table(std::span<const RecurrentLayer> layers, const Look& look) {
  Rows rows;
  for (const RecurrentLayer& r : layers) {
    const bool none = r.exponents.empty();
    rows.push_back({"  " + safe_text(r.layer), r.kind, count(r.units), count(r.time), number(r.radius),
                    none ? "–" : with_bar(r.exponents.front().value, r.exponents.front().error),
                    with_bar(r.decay.value, r.decay.high - r.decay.value), horizon_cell(r)});
  }
  return table({{"  layer"},
                {"type"},
                {"units", Align::right},
                {"steps", Align::right},
                {"radius", Align::right},
                {"exponent", Align::right},
                {"gradient a step", Align::right},
                {"horizon", Align::right}},
               rows, look);
}

std::string matrix_table(const RecurrentLayer& r, const Look& look) {
  Rows rows;
  for (const RecurrentLayer::Matrix& m : r.matrices) {
    if (m.power.empty()) continue;
    const auto t = static_cast<double>(m.power.back());
    rows.push_back({"  " + m.name, number(m.radius), number(m.condition), number(m.power_norm.front()),
                    count(m.power.back()), number(m.power_norm.back()), number(std::pow(m.radius, t))});
  }
  return table({{"  matrix"},
                {"ρ", Align::right},
                {"cond V", Align::right},
                {"‖W‖", Align::right},
                {"t", Align::right},
                {"‖W^t‖", Align::right},
                {"ρ^t", Align::right}},
               rows, look);
}

std::string change_words(const RecurrentLayer& r) {
  const RecurrentLayer::Exponent& e = r.exponents.front();
  const double bar = std::isfinite(e.error) ? e.error : 0.0;
  if (!std::isfinite(e.value)) return "a small change of the state is forgotten at once";
  const std::string factor = number(std::exp(e.value));
  if (e.value + bar < 0.0)
    return fmt::format("a small change of the state is multiplied by {} a step: it fades", factor);
  if (e.value - bar > 0.0) {
    return fmt::format("a small change of the state is multiplied by {} a step: it grows, the layer is chaotic here",
                       factor);
  }
  return fmt::format(
      "a small change of the state is multiplied by {} a step: it neither fades nor grows beyond the bar", factor);
}

std::string horizon_words(const RecurrentLayer& r) {
  if (r.gradient.empty()) return "the loss asks nothing of the last state: no gradient to follow";
  if (std::isnan(r.horizon.value)) return "the sequence is too short to follow the gradient";
  if (r.horizon_seen) {
    const std::string band = std::isfinite(r.horizon.high)
                                 ? fmt::format(" [{}, {}]", number(r.horizon.low), number(r.horizon.high))
                                 : fmt::format(" [{}, not within the sequence]", number(r.horizon.low));
    return fmt::format(
        "the gradient of the last state has fallen to a hundredth {}{} steps back, of {}: what lies further back is "
        "hardly learnt",
        number(r.horizon.value), band, r.time);
  }
  const double end = r.gradient.back();
  if (end > 100.0) {
    return fmt::format("the gradient grows on its way back, to {} times at the beginning: clip it", number(end));
  }
  return fmt::format("the gradient reaches the beginning, {} steps back, with {} of its length", r.time - 1,
                     number(end));
}

Json numbers(const std::vector<double>& values) {
  Json result = Json::array();
  for (const double v : values) result.push_back(std::isfinite(v) ? Json(v) : Json(nullptr));
  return result;
}

Json json_of(const RecurrentLayer::Matrix& m) {
  Json json{{"name", m.name}};
  put_number(json, "radius", m.radius);
  put_number(json, "condition", m.condition);
  json["eigenvalues"] = Json::array();
  for (const auto& z : m.eigenvalues) json["eigenvalues"].push_back({z.real(), z.imag()});
  json["powers"] = Json::array();
  for (std::size_t i = 0; i < m.power.size(); ++i) {
    Json power{{"t", m.power[i]}};
    put_number(power, "norm", m.power_norm[i]);
    json["powers"].push_back(power);
  }
  return json;
}

Json json_of(const RecurrentLayer& r) {
  Json json{{"layer", r.layer}, {"type", r.kind}, {"units", r.units}, {"steps", r.time}, {"rows", r.rows}};
  put_number(json, "radius", r.radius);
  json["matrices"] = Json::array();
  for (const auto& m : r.matrices) json["matrices"].push_back(json_of(m));
  json["exponents"] = Json::array();
  for (const auto& e : r.exponents) {
    Json exponent;
    put_number(exponent, "value", e.value);
    put_number(exponent, "error", e.error);
    json["exponents"].push_back(exponent);
  }
  json["all_exponents"] = r.all_exponents;
  json["gradient"] = numbers(r.gradient);
  json["gradient_low"] = numbers(r.gradient_low);
  json["gradient_high"] = numbers(r.gradient_high);
  json["decay"] = interval_json(r.decay);
  json["horizon"] = interval_json(r.horizon);
  json["horizon_seen"] = r.horizon_seen;
  return json;
}

}  // namespace

std::string recurrence_panel(std::span<const RecurrentLayer> layers, const Look& look) {
  std::string text = painted("In time", Paint::bold, look) + "\n";
  if (layers.empty()) {
    return text + entry("layers", "none is recurrent (rnn, gru, lstm): the network has no way through time", look);
  }
  text += layer_table(layers, look);
  for (const RecurrentLayer& r : layers) {
    text += painted(fmt::format("{}: {} of {} units over {} steps, {} rows", safe_text(r.layer), r.kind, r.units,
                                r.time, r.rows),
                    Paint::bold, look) +
            "\n" + matrix_table(r, look);
    if (!r.exponents.empty()) text += entry("state", change_words(r), look);
    text += entry("gradient", horizon_words(r), look) + recurrence_plots(r, look);
  }
  return text;
}

std::string recurrence_json(std::span<const RecurrentLayer> layers) {
  Json json = Json::array();
  for (const RecurrentLayer& r : layers) json.push_back(json_of(r));
  return dump(json);
}

}  // namespace thalweg::report
