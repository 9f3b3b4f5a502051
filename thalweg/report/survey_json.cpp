#include "thalweg/report/survey_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/report/json.h"

namespace thalweg::report {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value, typename Convert>
Json array_of(const std::vector<Value>& values, Convert convert) {
  Json result = Json::array();
  for (const Value& value : values) result.push_back(convert(value));
  return result;
}

Json json_of(const Survey::Eigenvalue& e) {
  Json json;
  put_number(json, "value", e.value);
  put_number(json, "residual", e.residual);
  put_number(json, "low", e.low);
  put_number(json, "high", e.high);
  json["converged"] = e.converged;
  return json;
}

Json json_of(const Survey::Gradient& g) {
  Json json;
  put_number(json, "norm", g.norm);
  put_number(json, "rounding", g.rounding);
  put_number(json, "at_start", g.at_start);
  json["samples"] = g.samples;
  if (g.samples > 0) {
    json["norm_sq"] = interval_json(g.norm_sq);
    put_number(json, "noise_sq", g.noise_sq);
    put_number(json, "evidence", g.evidence);
  }
  return json;
}

Json json_of(const Survey::Condition& c) {
  Json json = interval_json(Interval{c.value, c.low, c.high});
  json["meaning"] = c.meaning;
  return json;
}

Json json_of(const Survey::CrossFit& c) {
  Json json;
  json["end"] = c.top ? "top" : "bottom";
  json["rank"] = c.rank;
  put_number(json, "here", c.here);
  json["elsewhere"] = interval_json(c.elsewhere);
  json["batches"] = c.batches;
  return json;
}

Json json_of(const Survey::Stability& s) {
  Json json;
  json["optimizer"] = s.optimizer;
  put_number(json, "learning_rate", s.learning_rate);
  put_number(json, "peak_rate", s.peak_rate);
  put_number(json, "limit", s.limit);
  json["formula"] = s.formula;
  put_number(json, "added", s.added);
  json["caveat"] = s.caveat;
  json["largest"] = json_of(s.largest);
  return json;
}

Json json_of(const Survey::Escape& e) {
  Json json;
  put_number(json, "curvature", e.curvature);
  put_number(json, "slope", e.slope);
  put_number(json, "length", e.length);
  put_number(json, "gain", e.gain);
  put_number(json, "resolution", e.resolution);
  json["gain_elsewhere"] = interval_json(e.gain_elsewhere);
  json["forwards"] = e.forwards;
  json["still_falling"] = e.still_falling;
  return json;
}

Json json_of(const Survey::Layer& l) {
  Json json;
  json["name"] = l.name;
  json["parameters"] = l.parameters;
  put_number(json, "gradient_sq", l.gradient_sq);
  json["largest"] = json_of(l.largest);
  json["smallest"] = json_of(l.smallest);
  return json;
}

// Points of a curve: NaN has no place for a kind here, null says it.
Json numbers(const std::vector<double>& values) {
  return array_of(values, [](double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); });
}

Json json_of(const Survey::Density& d) {
  Json json;
  json["at"] = numbers(d.at);
  json["density"] = numbers(d.density);
  json["low"] = numbers(d.low);
  json["high"] = numbers(d.high);
  put_number(json, "bandwidth", d.bandwidth);
  json["products"] = d.products;
  return json;
}

Json json_of(const Survey::Slice& s) {
  Json json;
  json["direction"] = s.direction;
  put_number(json, "curvature", s.curvature);
  put_number(json, "slope", s.slope);
  if (std::isfinite(s.step)) json["step"] = s.step;
  json["at"] = numbers(s.at);
  json["loss"] = numbers(s.loss);
  return json;
}

Json json_of(const Survey::Plane& p) {
  return {{"x_direction", p.x_direction},
          {"y_direction", p.y_direction},
          {"x", numbers(p.x)},
          {"y", numbers(p.y)},
          {"loss", numbers(p.loss)}};
}

Json json_of(const Survey::Cost& c) {
  Json json;
  json["hvps"] = c.hvps;
  put_number(json, "gradient_units", c.gradient_units);
  put_number(json, "seconds", c.seconds);
  json["forwards"] = c.forwards;
  put_number(json, "seconds_per_gradient", c.seconds_per_gradient);
  return json;
}

Json json_of(const Survey::Memory& m) {
  return {{"bytes", m.total()},     {"graph_bytes", m.graph_bytes},   {"graphs", m.graphs},
          {"streamed", m.streamed}, {"vector_bytes", m.vector_bytes}, {"limit", m.limit}};
}

Json eigenvalues_of(const Survey& s) {
  const auto list = [](const std::vector<Survey::Eigenvalue>& values) {
    return array_of(values, [](const Survey::Eigenvalue& e) { return json_of(e); });
  };
  Json json;
  json["top"] = list(s.top);
  json["bottom"] = list(s.bottom);
  put_number(json, "above", s.above);
  put_number(json, "below", s.below);
  put_number(json, "certainty", s.certainty);
  put_number(json, "noise", s.noise);
  return json;
}

Json trace_of(const Survey::Trace& t) {
  Json json;
  put_number(json, "value", t.value);
  put_number(json, "stderr", t.standard_error);
  json["products"] = t.products;
  return json;
}

Json index_of(const Survey::Index& i) {
  Json json;
  json["lower"] = i.lower;
  json["upper"] = i.upper >= 0 ? Json(i.upper) : Json(nullptr);
  json["negative"] = i.negative;
  put_number(json, "epsilon", i.epsilon);
  put_number(json, "confidence", i.confidence);
  return json;
}

void put_extras(const Survey& s, Json& json) {
  json["cross_fitted"] = array_of(s.cross_fitted, [](const auto& c) { return json_of(c); });
  json["growth"] = array_of(s.growth, [](const auto& g) {
    Json point = json_of(g.largest);
    point["batches"] = g.batches;
    return point;
  });
  if (s.stability) json["stability"] = json_of(*s.stability);
  if (s.escape) json["escape"] = json_of(*s.escape);
  if (!s.layers.empty()) json["layers"] = array_of(s.layers, [](const auto& l) { return json_of(l); });
  if (s.density) json["density"] = json_of(*s.density);
  if (!s.slices.empty()) json["slices"] = array_of(s.slices, [](const auto& c) { return json_of(c); });
  if (s.plane) json["plane"] = json_of(*s.plane);
}

}  // namespace

std::string survey_json(const Survey& s) {
  Json json;
  json["schema"] = 1;
  json["subject"] = s.subject;
  put_number(json, "loss", s.loss);
  put_number(json, "gradient_norm", s.gradient.norm);
  json["gradient"] = json_of(s.gradient);
  put_number(json, "gHg", s.gHg);
  json["eigenvalues"] = eigenvalues_of(s);
  json["condition"] = json_of(s.condition);
  json["trace"] = trace_of(s.trace);
  json["index"] = index_of(s.index);
  put_extras(s, json);
  json["verdict"] = name(s.verdict);
  json["reasons"] = s.reasons;
  json["would_take"] = s.would_take;
  json["not_finite"] = s.not_finite;
  json["cost"] = json_of(s.cost);
  json["memory"] = json_of(s.memory);
  json["parameters"] = s.parameters;
  json["batches"] = s.batches;
  json["rows"] = s.rows;
  json["notes"] = s.notes;
  json["files"] = s.files;
  return dump(json);
}

}  // namespace thalweg::report
