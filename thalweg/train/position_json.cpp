#include "thalweg/train/position_json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using nlohmann::json;

json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
double number(const json& value) {
  return value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : value.get<double>();
}

json numbers(const std::vector<double>& values) {
  json result = json::array();
  for (const double value : values) result.push_back(number(value));
  return result;
}
std::vector<double> numbers(const json& values) {
  std::vector<double> result;
  for (const json& value : values) result.push_back(number(value));
  return result;
}

}  // namespace

std::string to_json(const Position& p) {
  const json document = {
      {"schema", 1},
      {"step", p.step},
      {"seconds", p.seconds},
      {"loss_sum", number(p.loss_sum)},
      {"loss_count", p.loss_count},
      {"rate_scale", p.rate_scale},
      {"schedule", {{"best", number(p.schedule.best)}, {"bad", p.schedule.bad}, {"scale", p.schedule.scale}}},
      {"stop",
       {{"heldout", numbers(p.stop.heldout)},
        {"training", numbers(p.stop.training)},
        {"best_metric", number(p.stop.best_metric)},
        {"best_step", p.stop.best_step},
        {"bad", p.stop.bad}}},
      {"random", p.random},
  };
  return document.dump(1) + "\n";
}

Position position_from_json(const std::string& text, const std::string& where) try {
  // The depth is bounded before parsing: nlohmann recurses.
  const json document = json::parse(text, [](int depth, json::parse_event_t, json&) {
    if (depth > 16) throw InputError("nested too deeply");
    return true;
  });
  if (document.at("schema") != 1) throw InputError("schema is not 1: written by a newer thalweg");
  Position p;
  p.step = document.at("step");
  p.seconds = document.at("seconds");
  p.loss_sum = number(document.at("loss_sum"));
  p.loss_count = document.at("loss_count");
  p.rate_scale = document.at("rate_scale");
  const json &schedule = document.at("schedule"), &stop = document.at("stop");
  p.schedule = {number(schedule.at("best")), schedule.at("bad"), schedule.at("scale")};
  p.stop.heldout = numbers(stop.at("heldout"));
  p.stop.training = numbers(stop.at("training"));
  p.stop.best_metric = number(stop.at("best_metric"));
  p.stop.best_step = stop.at("best_step");
  p.stop.bad = stop.at("bad");
  p.random = document.at("random");
  return p;
} catch (const std::exception& error) {
  throw InputError(fmt::format("{}: not a checkpoint's state: {}", where, error.what()));
}

}  // namespace thalweg
