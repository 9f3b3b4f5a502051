// The comparison as one JSON object.
#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/cli/comparison.h"
#include "thalweg/report/json.h"
#include "thalweg/store/json.h"

namespace thalweg::cli {
namespace {

using Json = nlohmann::ordered_json;
using report::put_number;

Json interval_of(const std::string& key, const Interval& interval) {
  Json json = Json::object();
  put_number(json, key, interval.value);
  put_number(json, "low", interval.low);
  put_number(json, "high", interval.high);
  return json;
}

Json metrics_of(const std::vector<NamedMetric>& metrics, const std::string& key) {
  Json list = Json::array();
  for (const NamedMetric& metric : metrics) {
    Json json{{"name", metric.name}, {"split", metric.split}};
    json.update(interval_of(key, metric.interval));
    list.push_back(json);
  }
  return list;
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(std::isfinite(value) ? Json(value) : Json(nullptr));
  return list;
}

// A finished run is what `train --json` said of it; of another one there is the last evaluation, and "stopped" is null.
Json run_of(const ComparedRun& run, const report::Curve& curve) {
  Json json;
  if (run.result) {
    json = Json::parse(to_json(*run.result));
    json.erase("schema");
  } else {
    json = {{"run", run.run}, {"stopped", nullptr}, {"step", run.step}};
    json["loss"] = interval_of("heldout", run.loss);
    json["metrics"] = metrics_of(run.metrics, "value");
  }
  json["name"] = run.header.name;
  json["seed"] = run.header.seed;
  json["started"] = run.header.started;
  json["curve"] = {{"step", numbers(curve.x)}, {"loss", numbers(curve.y)}};
  return json;
}

Json repetition_of(const Repetitions& group, const std::vector<ComparedRun>& runs) {
  Json json;
  for (const std::size_t i : group.runs) json["runs"].push_back(runs[i].run);
  json["loss"] = interval_of("mean", group.loss);
  json["metrics"] = metrics_of(group.metrics, "mean");
  json["healthy"] = group.healthy;
  return json;
}

Json difference_of(const KeyDifference& difference, const std::vector<ComparedRun>& runs) {
  Json json{{"key", difference.key}, {"values", Json::object()}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string& value = difference.values[i];
    json["values"][runs[i].run] = value.empty() ? Json(nullptr) : Json(value);
  }
  return json;
}

}  // namespace

std::string comparison_json(const Comparison& comparison) {
  Json json{{"schema", 1}, {"runs", Json::array()}, {"over_seeds", Json::array()}, {"differences", Json::array()}};
  for (std::size_t i = 0; i < comparison.runs.size(); ++i)
    json["runs"].push_back(run_of(comparison.runs[i], comparison.curves[i]));
  for (const Repetitions& group : comparison.repetitions)
    json["over_seeds"].push_back(repetition_of(group, comparison.runs));
  for (const KeyDifference& d : comparison.differences)
    json["differences"].push_back(difference_of(d, comparison.runs));
  json["curve"] = comparison.curve_title;
  json["notes"] = comparison.notes;
  return report::dump(json);
}

}  // namespace thalweg::cli
