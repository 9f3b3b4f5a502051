#include "thalweg/cli_torch/seeds.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "thalweg/report/number.h"
#include "thalweg/store/json.h"

namespace thalweg::cli {
namespace {

// 97.5% quantile of Student's t (Fisher, Yates 1938, table III); beyond 30 degrees the normal one is within 4%.
double student(std::size_t degrees) {
  constexpr std::array kTable{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
                              2.120,  2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return degrees == 0 ? std::numeric_limits<double>::quiet_NaN() : degrees <= kTable.size() ? kTable[degrees - 1] : 1.96;
}

OverSeeds mean_of(const std::string& name, const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double sum = 0.0, squares = 0.0;
  for (const double v : values) sum += v;
  for (const double v : values) squares += (v - sum / n) * (v - sum / n);
  const double half = student(values.size() - 1) * std::sqrt(squares / (n - 1.0) / n);
  return {name, sum / n, sum / n - half, sum / n + half};
}

}  // namespace

std::vector<OverSeeds> over_seeds(const std::vector<TrainingOutcome>& outcomes) {
  std::vector<double> losses;
  for (const TrainingOutcome& o : outcomes) losses.push_back(o.result.heldout_loss.value);
  std::vector<OverSeeds> result{mean_of("loss", losses)};
  const std::vector<std::string>& metrics = outcomes.front().header.metrics;
  const std::string& split = outcomes.front().header.heldout;
  for (const std::string& metric : metrics) {
    std::vector<double> values;
    for (const TrainingOutcome& o : outcomes) {
      for (const NamedMetric& m : o.result.metrics) {
        if (m.name == metric && m.split == split) values.push_back(m.interval.value);
      }
    }
    result.push_back(mean_of(metric, values));
  }
  return result;
}

std::string seeds_text(const std::vector<TrainingOutcome>& outcomes) {
  std::string text = fmt::format("\nover {} seeds, mean [95% interval]\n", outcomes.size());
  for (const OverSeeds& s : over_seeds(outcomes)) {
    text += fmt::format("  {:<20} {}\n", s.name, report::metric(s.name, Interval{s.mean, s.low, s.high}));
  }
  std::size_t healthy = 0;
  for (const TrainingOutcome& o : outcomes) healthy += o.result.judgement.verdict == Verdict::healthy ? 1 : 0;
  return text + fmt::format("  healthy              {} of {}\n", healthy, outcomes.size());
}

std::string seeds_json(const std::vector<TrainingOutcome>& outcomes) {
  nlohmann::ordered_json document{{"schema", 1}, {"runs", nlohmann::ordered_json::array()}, {"over_seeds", nlohmann::ordered_json::array()}};
  for (const TrainingOutcome& o : outcomes) document["runs"].push_back(nlohmann::ordered_json::parse(to_json(o.result)));
  for (const OverSeeds& s : over_seeds(outcomes)) {
    nlohmann::ordered_json entry{{"name", s.name}};
    const auto put = [&](const char* key, double value) { entry[key] = std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr; };
    put("mean", s.mean);
    put("low", s.low);
    put("high", s.high);
    document["over_seeds"].push_back(entry);
  }
  return document.dump() + "\n";
}

}  // namespace thalweg::cli
