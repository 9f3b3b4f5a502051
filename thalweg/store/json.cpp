#include "thalweg/store/json.h"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "thalweg/record/error.h"
#include "thalweg/record/quantity.h"

namespace thalweg {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr int kDeepest = 32;  // nesting of our own documents is 6

// --- numbers, which JSON has only the finite ones of

std::string kind_key(const std::string& key) { return key == "value" ? "kind" : key + "_kind"; }

void put(Json& object, const std::string& key, double number) {
  if (std::isfinite(number)) {
    object[key] = number;
    return;
  }
  object[key] = nullptr;
  object[kind_key(key)] = std::isnan(number) ? "nan" : number > 0.0 ? "inf" : "-inf";
}

double number(const Json& object, const std::string& key) {
  const Json& value = object.at(key);
  if (!value.is_null()) return value.get<double>();
  const std::string kind = object.at(kind_key(key)).get<std::string>();
  if (kind == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (kind == "inf") return std::numeric_limits<double>::infinity();
  if (kind == "-inf") return -std::numeric_limits<double>::infinity();
  throw InputError("the kind of a number is '" + printable(kind) + "': nan, inf or -inf are possible");
}

void put(Json& object, const std::string& key, const Interval& interval) {
  put(object, key, interval.value);
  put(object, "low", interval.low);
  put(object, "high", interval.high);
}

Interval interval(const Json& object, const std::string& key) {
  return {number(object, key), number(object, "low"), number(object, "high")};
}

std::string text(const Json& object, const std::string& key) { return object.at(key).get<std::string>(); }

// --- names

template <typename Enumeration, std::size_t size>
Enumeration named(std::string_view word, const std::array<Enumeration, size>& values, const char* what) {
  for (const Enumeration value : values) {
    if (name(value) == word) return value;
  }
  throw InputError("there is no " + std::string(what) + " '" + printable(word) + "'");
}

constexpr std::array kSeverities = {Severity::note, Severity::warning, Severity::fault};
constexpr std::array kVerdicts = {Verdict::healthy, Verdict::fault, Verdict::cannot_tell};
constexpr std::array kTrialVerdicts = {TrialVerdict::proven, TrialVerdict::refuted, TrialVerdict::undecided};

Quantity quantity(const std::string& word) {
  const std::optional<Quantity> found = quantity_named(word);
  if (!found) throw InputError("there is no quantity '" + printable(word) + "' in this version");
  return *found;
}

template <typename Value, typename Convert>
Json array_of(const std::vector<Value>& values, Convert convert) {
  Json result = Json::array();
  for (const Value& value : values) result.push_back(convert(value));
  return result;
}

template <typename Convert>
auto list_of(const Json& array, Convert convert) {
  std::vector<decltype(convert(array))> result;
  for (const Json& element : array) result.push_back(convert(element));
  return result;
}

// --- findings

Json json_of(const Trial& trial) {
  Json json;
  json["verdict"] = name(trial.verdict);
  put(json, "effect", {trial.effect, trial.low, trial.high});
  json["goal"] = trial.goal;
  put(json, "cost", trial.cost);
  return json;
}

Trial trial(const Json& json) {
  const Interval effect = interval(json, "effect");
  return {.verdict = trial_verdict_from(text(json, "verdict")),
          .effect = effect.value,
          .low = effect.low,
          .high = effect.high,
          .goal = text(json, "goal"),
          .cost = number(json, "cost")};
}

Json json_of(const Evidence& evidence) {
  Json json;
  json["quantity"] = info(evidence.quantity).name;
  json["scope"] = evidence.scope;
  put(json, "value", evidence.value);
  put(json, "threshold", evidence.threshold);
  json["source"] = evidence.source;
  return json;
}

Evidence evidence(const Json& json) {
  return {.quantity = quantity(text(json, "quantity")),
          .scope = text(json, "scope"),
          .value = number(json, "value"),
          .threshold = number(json, "threshold"),
          .source = text(json, "source")};
}

// A recipe's value as JSON has it: numbers, booleans and quoted strings are the same in both; the rest is text.
Json recipe_value(const std::string& written) {
  const Json value = Json::parse(written, nullptr, false);
  return value.is_number() || value.is_boolean() || value.is_string() ? value : Json(written);
}

Json json_of(const Remedy& remedy) {
  Json json;
  json["lever"] = remedy.lever;
  json["value"] = recipe_value(remedy.value);
  json["written"] = remedy.value;
  if (remedy.trial) json["trial"] = json_of(*remedy.trial);
  return json;
}

Remedy remedy(const Json& json) {
  Remedy result{.lever = text(json, "lever"), .value = text(json, "written"), .trial = std::nullopt};
  if (json.contains("trial")) result.trial = trial(json.at("trial"));
  return result;
}

Json json_of(const Finding& finding) {
  Json json;
  json["code"] = finding.code;
  json["severity"] = name(finding.severity);
  json["step"] = {finding.first_step, finding.last_step};
  json["scope"] = finding.scope;
  json["message"] = finding.message;
  json["causes"] = finding.causes;
  json["evidence"] = array_of(finding.evidence, [](const Evidence& e) { return json_of(e); });
  json["remedies"] = array_of(finding.remedies, [](const Remedy& r) { return json_of(r); });
  return json;
}

Finding finding(const Json& json) {
  return {.code = text(json, "code"),
          .severity = named(text(json, "severity"), kSeverities, "severity"),
          .first_step = json.at("step").at(0).get<std::int64_t>(),
          .last_step = json.at("step").at(1).get<std::int64_t>(),
          .scope = text(json, "scope"),
          .message = text(json, "message"),
          .causes = json.at("causes").get<std::vector<std::string>>(),
          .evidence = list_of(json.at("evidence"), evidence),
          .remedies = list_of(json.at("remedies"), remedy)};
}

// --- the run

Json json_of(const NamedMetric& metric) {
  Json json;
  json["name"] = metric.name;
  json["split"] = metric.split;
  put(json, "value", metric.interval);
  return json;
}

NamedMetric metric(const Json& json) { return {text(json, "name"), text(json, "split"), interval(json, "value")}; }

Json metrics_of(const std::vector<NamedMetric>& metrics) {
  return array_of(metrics, [](const NamedMetric& m) { return json_of(m); });
}

Json loss_of(double train_loss, const Interval& heldout) {
  Json json;
  put(json, "train", train_loss);
  put(json, "heldout", heldout);
  return json;
}

Json json_of(const Action& action) {
  Json json;
  json["step"] = action.step;
  json["code"] = action.code;
  json["lever"] = action.lever;
  put(json, "from", action.from);
  put(json, "to", action.to);
  json["trial"] = json_of(action.trial);
  put(json, "loss_before", action.loss_before);
  put(json, "loss_after", action.loss_after);
  return json;
}

Action action(const Json& json) {
  return {.step = json.at("step").get<std::int64_t>(),
          .code = text(json, "code"),
          .lever = text(json, "lever"),
          .from = number(json, "from"),
          .to = number(json, "to"),
          .trial = trial(json.at("trial")),
          .loss_before = number(json, "loss_before"),
          .loss_after = number(json, "loss_after")};
}

Json stopped_of(const RunResult& result) {
  Json json;
  json["reason"] = result.stop_reason;
  json["step"] = result.step;
  put(json, "epoch", result.epoch);
  put(json, "seconds", result.seconds);
  return json;
}

Json point_of(const RunResult& result) {
  Json json;
  put(json, "gradient_norm", result.gradient_norm);
  put(json, "relative_gradient_norm", result.relative_gradient_norm);
  json["resolved"] = result.gradient_resolved;
  json["critical"] = result.critical;
  return json;
}

Json overhead_of(const RunResult& result) {
  Json json;
  put(json, "budget", result.budget);
  put(json, "share", result.overhead);
  Json instruments = Json::object();
  for (const auto& [instrument, share] : result.overhead_by_instrument) put(instruments, instrument, share);
  json["by_instrument"] = std::move(instruments);
  return json;
}

Json json_of(const RunResult& result) {
  Json json;
  json["schema"] = kSchema;
  json["run"] = result.run;
  json["stopped"] = stopped_of(result);
  json["loss"] = loss_of(result.train_loss, result.heldout_loss);
  json["metrics"] = metrics_of(result.metrics);
  json["point"] = point_of(result);
  json["overhead"] = overhead_of(result);
  json["verdict"] = name(result.judgement.verdict);
  json["reason"] = result.judgement.reason;
  json["findings"] = array_of(result.judgement.findings, [](const Finding& f) { return json_of(f); });
  json["actions"] = array_of(result.actions, [](const Action& a) { return json_of(a); });
  json["next"] = result.next;
  return json;
}

void read_overhead(const Json& json, RunResult& result) {
  result.budget = number(json, "budget");
  result.overhead = number(json, "share");
  const Json& instruments = json.at("by_instrument");
  for (const auto& [instrument, share] : instruments.items()) {
    if (!share.is_string()) result.overhead_by_instrument[instrument] = number(instruments, instrument);  // not a kind
  }
}

RunResult run_result(const Json& json) {
  const Json& stopped = json.at("stopped");
  const Json& loss = json.at("loss");
  const Json& point = json.at("point");
  RunResult result{.run = text(json, "run"),
                   .stop_reason = text(stopped, "reason"),
                   .step = stopped.at("step").get<std::int64_t>(),
                   .epoch = number(stopped, "epoch"),
                   .seconds = number(stopped, "seconds"),
                   .train_loss = number(loss, "train"),
                   .heldout_loss = interval(loss, "heldout"),
                   .metrics = list_of(json.at("metrics"), metric),
                   .gradient_norm = number(point, "gradient_norm"),
                   .gradient_resolved = point.value("resolved", true),
                   .relative_gradient_norm = number(point, "relative_gradient_norm"),
                   .critical = point.at("critical").get<bool>(),
                   .overhead_by_instrument = {},
                   .judgement = {.verdict = named(text(json, "verdict"), kVerdicts, "verdict"),
                                 .findings = list_of(json.at("findings"), finding),
                                 .reason = text(json, "reason")},
                   .actions = list_of(json.at("actions"), action),
                   .next = json.at("next").get<std::vector<std::string>>()};
  read_overhead(json.at("overhead"), result);
  return result;
}

std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Parses with the nesting capped, and turns what goes wrong into ours.
template <typename Convert>
auto parsed(std::string_view text, Convert convert) {
  const auto cap = [](int depth, Json::parse_event_t, const Json&) {
    if (depth > kDeepest) throw InputError("a JSON document is nested more than 32 deep");
    return true;
  };
  try {
    return convert(Json::parse(text, cap));
  } catch (const nlohmann::json::exception& error) {
    throw InputError("a JSON document is not as thalweg writes it: " + printable(error.what(), 300));
  }
}

}  // namespace

std::string to_json(const std::string& text) { return line(Json(text)); }

std::string to_json(const RunHeader& header) {
  Json json;
  json["name"] = header.name;
  json["recipe"] = header.recipe;
  json["thalweg_version"] = header.thalweg_version;
  json["torch_version"] = header.torch_version;
  json["started"] = header.started;
  json["seed"] = header.seed;
  json["threads"] = header.threads;
  json["parameters"] = header.parameters;
  json["planned_steps"] = header.planned_steps;
  json["steps_per_epoch"] = header.steps_per_epoch;
  json["heldout_rows"] = header.heldout_rows;
  json["heldout"] = header.heldout;
  json["loss"] = header.loss;
  json["metrics"] = header.metrics;
  json["optimizer"] = header.optimizer;
  put(json, "peak_learning_rate", header.peak_learning_rate);
  return line(json);
}

std::string to_json(const Finding& finding) { return line(json_of(finding)); }

std::string to_json(const Evaluation& evaluation) {
  Json json;
  json["step"] = evaluation.step;
  put(json, "epoch", evaluation.epoch);
  put(json, "seconds", evaluation.seconds);
  json["loss"] = loss_of(evaluation.train_loss, evaluation.heldout_loss);
  json["metrics"] = metrics_of(evaluation.metrics);
  return line(json);
}

std::string to_json(const Action& action) { return line(json_of(action)); }

std::string to_json(const RunResult& result) { return line(json_of(result)); }

RunResult run_result_from_json(std::string_view text) { return parsed(text, run_result); }

std::vector<std::string> strings_from_json(std::string_view text) {
  return parsed(text, [](const Json& json) { return json.get<std::vector<std::string>>(); });
}

TrialVerdict trial_verdict_from(std::string_view name) { return named(name, kTrialVerdicts, "verdict of a trial"); }

}  // namespace thalweg
