#include "thalweg/report/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "thalweg/record/quantity.h"

namespace thalweg::report {
namespace {

using Json = nlohmann::ordered_json;

template <class Values>
Json list(const Values& values) {
  Json json = Json::array();
  for (const auto& value : values) json.push_back(to_json(value));
  return json;
}

Json metrics(const RunResult& result) {
  Json json = Json::array();
  for (const NamedMetric& metric : result.metrics) {
    Json entry{{"name", metric.name}, {"split", metric.split}};
    put_number(entry, "value", metric.interval.value);
    put_number(entry, "low", metric.interval.low);
    put_number(entry, "high", metric.interval.high);
    json.push_back(entry);
  }
  return json;
}

Json stopped(const RunResult& result) {
  Json json{{"reason", result.stop_reason}, {"step", result.step}};
  put_number(json, "epoch", result.epoch);
  put_number(json, "seconds", result.seconds);
  return json;
}

Json loss(const RunResult& result) {
  Json json = Json::object();
  put_number(json, "train", result.train_loss);
  put_number(json, "heldout", result.heldout_loss.value);
  put_number(json, "low", result.heldout_loss.low);
  put_number(json, "high", result.heldout_loss.high);
  return json;
}

Json point(const RunResult& result) {
  Json json = Json::object();
  put_number(json, "gradient_norm", result.gradient_norm);
  put_number(json, "relative_gradient_norm", result.relative_gradient_norm);
  json["critical"] = result.critical;
  return json;
}

Json overhead(const RunResult& result) {
  Json json = Json::object();
  put_number(json, "budget", result.budget);
  put_number(json, "share", result.overhead);
  Json& parts = json["by_instrument"] = Json::object();
  for (const auto& [name, part] : result.overhead_by_instrument) put_number(parts, name, part);
  return json;
}

}  // namespace

void put_number(Json& object, const std::string& key, double value) {
  if (std::isfinite(value)) {
    object[key] = value;
    return;
  }
  const char* kind = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  object[key] = nullptr;
  if (key != "value") object[key + "_kind"] = kind;
  if (!object.contains("kind")) object["kind"] = kind;
}

Json to_json(const Trial& trial) {
  Json json{{"verdict", name(trial.verdict)}};
  put_number(json, "effect", trial.effect);
  put_number(json, "low", trial.low);
  put_number(json, "high", trial.high);
  json["goal"] = trial.goal;
  put_number(json, "cost", trial.cost);
  return json;
}

Json to_json(const Evidence& evidence) {
  Json json{{"quantity", info(evidence.quantity).name}};
  if (!evidence.scope.empty()) json["scope"] = evidence.scope;
  put_number(json, "value", evidence.value);
  put_number(json, "threshold", evidence.threshold);
  json["source"] = evidence.source;
  return json;
}

// A remedy's value is written as the recipe writes it; numbers are numbers in JSON too.
Json to_json(const Remedy& remedy) {
  Json json{{"lever", remedy.lever}};
  const Json value = Json::parse(remedy.value, nullptr, /*allow_exceptions=*/false);
  json["value"] = value.is_number() || value.is_boolean() ? value : Json(remedy.value);
  if (remedy.trial) json["trial"] = to_json(*remedy.trial);
  return json;
}

Json to_json(const Finding& finding) {
  Json json{
      {"code", finding.code},   {"severity", name(finding.severity)}, {"step", {finding.first_step, finding.last_step}},
      {"scope", finding.scope}, {"message", finding.message},         {"causes", finding.causes}};
  json["evidence"] = list(finding.evidence);
  json["remedies"] = list(finding.remedies);
  return json;
}

Json to_json(const Action& action) {
  Json json{{"step", action.step}, {"code", action.code}, {"lever", action.lever}};
  put_number(json, "from", action.from);
  put_number(json, "to", action.to);
  put_number(json, "loss_before", action.loss_before);
  put_number(json, "loss_after", action.loss_after);
  json["trial"] = to_json(action.trial);
  return json;
}

Json to_json(const RunResult& result) {
  Json json{{"schema", 1}, {"run", result.run}};
  json["stopped"] = stopped(result);
  json["loss"] = loss(result);
  json["metrics"] = metrics(result);
  json["point"] = point(result);
  json["overhead"] = overhead(result);
  json["verdict"] = name(result.judgement.verdict);
  json["reason"] = result.judgement.reason;
  json["findings"] = list(result.judgement.findings);
  json["actions"] = list(result.actions);
  json["next"] = result.next;
  return json;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace thalweg::report
