// The forecasts of runs that are over: for each run folder one line of JSON, the score of diagnose/instability.h.
// `--set NAME=VALUE` changes an option (bench/instability.py tries out thresholds with it).
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "thalweg/diagnose/instability.h"
#include "thalweg/store/store.h"

namespace {

using namespace thalweg;
using nlohmann::json;

History history_of(const std::string& folder) {
  const StoreReader reader(folder + "/run.sqlite");
  History history;
  history.header = reader.header();
  reader.for_each_reading([&](const Reading& reading) { history.put(reading); });
  return history;
}

json value_or_null(const auto& optional) { return optional ? json(*optional) : json(nullptr); }

double rate_at(const History& history, std::int64_t step) {
  for (const Point& point : history.series(Quantity::learning_rate)) {
    if (point.step == step) return point.value;
  }
  return 0.0;
}

json forecasts_of(const InstabilityScore& score) {
  json result = json::array();
  for (const auto& f : score.forecasts)
    result.push_back({{"made_at", f.made_at},
                      {"step", f.step},
                      {"margin", f.margin},
                      {"overshoot", f.overshoot},
                      {"edge_ratio", f.edge_ratio}});
  return result;
}

json scored(const std::string& folder, const InstabilityOptions& options) {
  const History history = history_of(folder);
  const InstabilityScore score = score_instability(history, options);
  const auto losses = history.series(Quantity::loss);
  return {{"run", folder},
          {"steps", history.last_step() + 1},
          {"edge_readings", history.series(Quantity::edge_ratio).size()},
          {"blow_up", value_or_null(score.blow_up)},
          {"blow_up_rate", score.blow_up ? rate_at(history, *score.blow_up) : 0.0},
          {"last_loss", losses.empty() ? json(nullptr) : json(losses.back().value)},
          {"lead", value_or_null(score.lead)},
          {"first_error", value_or_null(score.first_error)},
          {"last_error", value_or_null(score.last_error)},
          {"came_true", score.came_true},
          {"alarms", score.alarms},
          {"false_alarms", score.false_alarms},
          {"open", score.open},
          {"forecasts", forecasts_of(score)}};
}

void set(InstabilityOptions& options, std::string_view assignment) {
  const auto equals = assignment.find('=');
  const std::string name(assignment.substr(0, equals));
  const double value = std::stod(std::string(assignment.substr(equals + 1)));
  const std::map<std::string, double*> numbers{{"carried", &options.carried},
                                               {"edge", &options.edge},
                                               {"rising", &options.rising},
                                               {"loss_rising", &options.loss_rising},
                                               {"student", &options.student}};
  if (name == "readings")
    options.readings = static_cast<std::size_t>(value);
  else
    *numbers.at(name) = value;
}

}  // namespace

int main(int count, char** arguments) {
  InstabilityOptions options;
  try {
    for (int i = 1; i < count; ++i) {
      if (std::string_view(arguments[i]) == "--set" && i + 1 < count) {
        set(options, arguments[++i]);
      } else {
        fmt::print("{}\n", scored(arguments[i], options).dump());
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "instability_bench: {}\n", error.what());
    return 3;
  }
  return 0;
}
