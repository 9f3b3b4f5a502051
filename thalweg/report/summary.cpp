#include "thalweg/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "thalweg/report/entries.h"
#include "thalweg/report/finding_panel.h"
#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

std::string heading(const RunView& run, const Look& look) {
  const RunResult& result = run.result;
  const std::string words = fmt::format("stopped after {} steps ({:.1f} epochs, {}): {}", count(result.step),
                                        result.epoch, duration(result.seconds), stop_words(result.stop_reason));
  std::string text;
  const std::string name = safe_text(run.header.name);
  for (std::string& line : wrapped(name + " " + words, look.width)) {
    if (text.empty() && line.starts_with(name)) line = painted(name, Paint::bold, look) + line.substr(name.size());
    text += line + "\n";
  }
  return text;
}

std::string point_words(const RunResult& result) {
  if (std::isnan(result.gradient_norm)) return "not measured";
  const std::string where =
      result.critical ? "at a critical point, as far as the sampling noise lets one tell" : "not at a critical point";
  const std::string relative = std::isfinite(result.relative_gradient_norm)
                                   ? fmt::format(", {} of that at the first step", share(result.relative_gradient_norm))
                                   : "";
  return fmt::format("{}: gradient norm {}{}{}", where,
                     result.gradient_resolved ? "" : "lost in its sampling noise, at most ",
                     number(result.gradient_norm), relative);
}

std::string heldout_entries(const RunView& run, const Look& look) {
  const bool heldout = run.header.heldout != "train";
  std::string text = "loss " + interval(run.result.heldout_loss);
  for (const NamedMetric& named : run.result.metrics) {
    if ((named.split == "train") == heldout) continue;
    text += ", " + safe_text(named.name) + " " + metric(named.name, named.interval);
  }
  const std::string note = heldout ? "" : " (nothing is held out: this is the training part)";
  return entry(heldout ? "held-out" : "train", text + note, look) +
         (heldout ? entry("train", "loss " + number(run.result.train_loss), look) : "");
}

std::string instruments_words(const RunResult& result) {
  std::vector<std::pair<std::string, double>> parts(result.overhead_by_instrument.begin(),
                                                    result.overhead_by_instrument.end());
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text =
      fmt::format("took {} of the training time (budget {})", share(result.overhead), share(result.budget));
  double sum = 0.0;
  for (const auto& [name, part] : parts) sum += part;
  // The budget leaves each instrument's first look aside, what each has taken does not.
  constexpr double kRounding = 1e-3;
  std::string separator = sum > result.overhead + kRounding ? "; by instrument, first looks included: " : ": ";
  for (const auto& [name, part] : parts) {
    text += separator + safe_text(name) + " " + share(part);
    separator = ", ";
  }
  return text;
}

}  // namespace

std::string stop_words(const std::string& reason) {
  static const std::map<std::string, std::string, std::less<>> kWords = {
      {"epochs", "all epochs are done"},
      {"steps", "all steps are done"},
      {"seconds", "the time is up"},
      {"metric_target", "the held-out metric reached its target"},
      {"patience", "the held-out metric has not improved for the set number of evaluations (patience)"},
      {"generalization_loss", "the held-out loss rose above its best (rule generalization_loss)"},
      {"progress_quotient", "the held-out loss rose faster than training went on (rule progress_quotient)"},
      {"up_strips", "the held-out loss rose strip after strip (rule up_strips)"},
      {"evidence", "the gradient is no larger than its noise (rule evidence)"},
      {"signal", "a signal asked it to"},
      {"non_finite", "a value is not finite"}};
  const auto found = kWords.find(reason);
  return found != kWords.end() ? found->second : safe_text(reason);
}

std::vector<Curve> summary_curves(const History& history) {
  const std::string metric = history.header.metrics.empty() ? "metric" : history.header.metrics.front();
  const std::pair<Quantity, std::string> kShown[] = {{Quantity::loss, "loss"},
                                                     {Quantity::heldout_metric, metric},
                                                     {Quantity::learning_rate, "learning rate"},
                                                     {Quantity::overshoot, "overshoot ρ"},
                                                     {Quantity::overshoot_secant, "ρ, forwards"}};
  std::vector<Curve> curves;
  for (const auto& [quantity, name] : kShown) {
    Curve curve{.name = name, .x = {}, .y = {}};
    for (const Point& point : history.series(quantity)) {
      curve.x.push_back(static_cast<double>(point.step));
      curve.y.push_back(point.value);
    }
    if (!curve.y.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

std::string run_summary(const RunView& run, const Look& look) {
  const RunResult& result = run.result;
  std::string text = heading(run, look) + heldout_entries(run, look) + entry("point", point_words(result), look) +
                     curve_entries(run.curves, look);
  for (const Action& action : result.actions) text += entry("changed", action_line(action), look);
  text += entry("instruments", instruments_words(result), look);
  if (!result.run.empty()) text += entry("run", safe_text(result.run), look);
  text += painted("Verdict", Paint::bold, look) + "\n" + judgement_panel(result.judgement, look);
  if (!result.next.empty()) text += painted("Next", Paint::bold, look) + "\n";
  for (const std::string& command : result.next) text += "  " + safe_text(command) + "\n";
  return text;
}

}  // namespace thalweg::report
