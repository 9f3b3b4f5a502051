#include "thalweg/report/connect_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/report/json.h"

namespace thalweg::report {
namespace {

using Json = nlohmann::ordered_json;

Json numbers(const std::vector<double>& values) {
  Json result = Json::array();
  for (const double v : values) result.push_back(std::isfinite(v) ? Json(v) : Json());
  return result;
}

Json symmetry_json(const Connection& c) {
  Json json;
  json["bits"] = c.bits();
  json["permutation_bits"] = c.permutation_bits;
  json["sign_bits"] = c.sign_bits;
  json["flat_dimensions"] = c.flat_dimensions;
  json["groups"] = Json::array();
  for (const Connection::Group& g : c.groups) {
    if (g.permutation_bits == 0.0 && g.sign_bits == 0.0 && g.dimensions == 0) continue;
    Json group;
    group["name"] = g.name;
    group["what"] = g.what;
    group["size"] = g.size;
    group["blocks"] = g.blocks;
    group["layers"] = g.layers;
    group["permutation_bits"] = g.permutation_bits;
    group["sign_bits"] = g.sign_bits;
    group["dimensions"] = g.dimensions;
    if (std::isfinite(g.moved)) group["moved"] = g.moved;
    json["groups"].push_back(group);
  }
  return json;
}

Json json_of(const Connection::Alignment& a) {
  Json json;
  json["method"] = a.method;
  put_number(json, "similarity", a.similarity);
  put_number(json, "distance", a.distance);
  json["sweeps"] = a.sweeps;
  json["seconds"] = a.seconds;
  return json;
}

Json json_of(const Connection::Path& path) {
  Json json;
  json["name"] = path.name;
  json["method"] = path.method;
  json["repaired"] = path.repaired;
  json["parts"] = Json::array();
  for (const Connection::Part& p : path.parts) {
    Json part;
    part["name"] = p.name;
    part["rows"] = p.rows;
    part["loss"] = numbers(p.loss);
    if (!p.metric.empty()) part["metric"] = numbers(p.metric);
    part["barrier"] = interval_json(p.barrier);
    put_number(part, "barrier_at", p.barrier_at);
    if (!p.metric.empty()) part["metric_barrier"] = interval_json(p.metric_barrier);
    json["parts"].push_back(part);
  }
  return json;
}

}  // namespace

std::string connect_json(const Connection& c) {
  Json json;
  json["schema"] = 1;
  json["subjects"] = {c.subject_a, c.subject_b};
  json["parameters"] = c.parameters;
  json["metric"] = c.metric;
  json["symmetry"] = symmetry_json(c);
  put_number(json, "similarity", c.similarity);
  put_number(json, "distance", c.distance);
  json["alignments"] = Json::array();
  for (const auto& a : c.alignments) json["alignments"].push_back(json_of(a));
  json["chosen"] = c.chosen;
  put_number(json, "function_change", c.function_change);
  json["at"] = numbers(c.at);
  json["paths"] = Json::array();
  for (const auto& path : c.paths) json["paths"].push_back(json_of(path));
  put_number(json, "constant_loss", c.constant_loss);
  put_number(json, "learnt", c.learnt);
  json["verdict"] = name(c.verdict);
  json["reasons"] = c.reasons;
  json["would_take"] = c.would_take;
  json["cost"] = {{"seconds", c.cost.seconds}, {"forwards", c.cost.forwards}};
  put_number(json["cost"], "gradient_units", c.cost.gradient_units);
  json["notes"] = c.notes;
  json["files"] = c.files;
  return dump(json);
}

}  // namespace thalweg::report
