#include "thalweg/cli_torch/seeds.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "thalweg/record/mean.h"
#include "thalweg/report/json.h"
#include "thalweg/report/number.h"
#include "thalweg/store/json.h"

namespace thalweg::cli {
namespace {

OverSeeds mean_of(const std::string& name, const std::vector<double>& values) { return {name, mean_interval(values)}; }

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
    text += fmt::format("  {:<20} {}\n", s.name, report::metric(s.name, s.mean));
  }
  std::size_t healthy = 0;
  for (const TrainingOutcome& o : outcomes) healthy += o.result.judgement.verdict == Verdict::healthy ? 1 : 0;
  return text + fmt::format("  healthy              {} of {}\n", healthy, outcomes.size());
}

std::string seeds_json(const std::vector<TrainingOutcome>& outcomes) {
  nlohmann::ordered_json document{
      {"schema", 1}, {"runs", nlohmann::ordered_json::array()}, {"over_seeds", nlohmann::ordered_json::array()}};
  for (const TrainingOutcome& o : outcomes)
    document["runs"].push_back(nlohmann::ordered_json::parse(to_json(o.result)));
  for (const OverSeeds& s : over_seeds(outcomes)) {
    nlohmann::ordered_json entry{{"name", s.name}};
    report::put_number(entry, "mean", s.mean.value);
    report::put_number(entry, "low", s.mean.low);
    report::put_number(entry, "high", s.mean.high);
    document["over_seeds"].push_back(entry);
  }
  return document.dump() + "\n";
}

}  // namespace thalweg::cli
