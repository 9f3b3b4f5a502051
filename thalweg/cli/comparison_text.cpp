// The comparison as the terminal shows it: tables, the plot, repetitions, recipes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "thalweg/cli/comparison.h"
#include "thalweg/report/number.h"
#include "thalweg/report/table.h"

namespace thalweg::cli {
namespace {

using report::Align;
using report::Column;
using report::Look;
using report::Rows;
using report::safe_text;

constexpr const char* kUnfinished = "no result yet";

std::string heading(const std::string& title, const Look& look) {
  return "\n" + report::painted(title, report::Paint::bold, look) + "\n";
}

// The name of the first metric, which decides; "metric" where the runs do not agree.
std::string metric_title(const std::vector<ComparedRun>& runs) {
  std::string title;
  for (const ComparedRun& run : runs) {
    const std::string name = run.metrics.empty() ? "" : run.metrics.front().name;
    if (!title.empty() && title != name) return "metric";
    title = name;
  }
  return title.empty() ? "metric" : safe_text(title);
}

std::string metric_cell(const ComparedRun& run, const std::string& title) {
  if (run.metrics.empty()) return "";
  const NamedMetric& metric = run.metrics.front();
  return (title == "metric" ? safe_text(metric.name) + " " : "") + report::metric(metric.name, metric.interval);
}

std::string verdict_cell(const ComparedRun& run) {
  if (!run.result) return "";
  const Judgement& judgement = run.result->judgement;
  if (judgement.findings.empty() || judgement.verdict != Verdict::fault) {
    return judgement.verdict == Verdict::cannot_tell ? "cannot tell" : std::string(name(judgement.verdict));
  }
  const std::size_t more = judgement.findings.size() - 1;
  return safe_text(judgement.findings.front().code) + (more > 0 ? fmt::format(" and {} more", more) : "");
}

// What the runs reached, and how they went: one table where it fits, else two.
std::string run_tables(const std::vector<ComparedRun>& runs, const Look& look) {
  const std::string metric = metric_title(runs);
  std::vector<Column> reached{{""}, {"run"}, {"held-out loss"}, {metric}};
  std::vector<Column> went{
      {"steps", Align::right}, {"time", Align::right}, {"instruments", Align::right}, {"stopped by"}, {"verdict"}};
  Rows left, right;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const ComparedRun& run = runs[i];
    const std::string letter = report::letter(i);
    left.push_back({letter, safe_text(run.run), report::interval(run.loss), metric_cell(run, metric)});
    right.push_back({report::count(run.step), run.result ? report::duration(run.result->seconds) : "",
                     run.result ? report::share(run.result->overhead) : "",
                     run.result ? safe_text(run.result->stop_reason) : kUnfinished, verdict_cell(run)});
  }
  const int both = report::table_width(reached, left) + 2 + report::table_width(went, right);
  if (both > look.width) {
    went.insert(went.begin(), {""});
    for (std::size_t i = 0; i < runs.size(); ++i) right[i].insert(right[i].begin(), report::letter(i));
    return report::table(reached, left, look) + "\n" + report::table(went, right, look);
  }
  reached.insert(reached.end(), went.begin(), went.end());
  for (std::size_t i = 0; i < runs.size(); ++i) left[i].insert(left[i].end(), right[i].begin(), right[i].end());
  return report::table(reached, left, look);
}

std::string letters(const std::vector<std::size_t>& runs) {
  std::vector<std::string> result;
  for (const std::size_t i : runs) result.push_back(report::letter(i));
  return fmt::format("{}", fmt::join(result, " "));
}

std::string repetition_table(const Comparison& comparison, const Look& look) {
  if (comparison.repetitions.empty()) return "";
  Rows rows;
  for (const Repetitions& group : comparison.repetitions) {
    const std::string metric =
        group.metrics.empty() ? "" : report::metric(group.metrics.front().name, group.metrics.front().interval);
    rows.push_back({letters(group.runs), std::to_string(group.runs.size()), report::interval(group.loss), metric,
                    fmt::format("{} of {}", group.healthy, group.runs.size())});
  }
  return heading("Over seeds: mean [95% interval]", look) +
         report::table({{"runs"}, {"n", Align::right}, {"held-out loss"}, {metric_title(comparison.runs)}, {"healthy"}},
                       rows, look);
}

// Each value with the runs that have it: "0.001 (a, b)".
std::vector<std::string> values_of(const KeyDifference& difference) {
  std::vector<std::pair<std::string, std::vector<std::string>>> by_value;  // in order of appearance
  for (std::size_t i = 0; i < difference.values.size(); ++i) {
    const std::string value = difference.values[i].empty() ? "not there" : safe_text(difference.values[i]);
    auto found =
        std::find_if(by_value.begin(), by_value.end(), [&](const auto& entry) { return entry.first == value; });
    if (found == by_value.end()) found = by_value.insert(by_value.end(), {value, {}});
    found->second.push_back(report::letter(i));
  }
  std::vector<std::string> texts;
  for (const auto& [value, runs] : by_value) texts.push_back(fmt::format("{} ({})", value, fmt::join(runs, ", ")));
  return texts;
}

// All values in one line where they fit in `width`, else each on lines of its own.
std::vector<std::string> value_lines(const KeyDifference& difference, int width) {
  const std::vector<std::string> values = values_of(difference);
  const std::string all = fmt::format("{}", fmt::join(values, ", "));
  if (report::display_width(all) <= width) return {all};
  std::vector<std::string> lines;
  for (const std::string& value : values) {
    const std::vector<std::string> wrapped = report::wrapped(value, width);
    lines.insert(lines.end(), wrapped.begin(), wrapped.end());
  }
  return lines;
}

std::string difference_list(const Comparison& comparison, const Look& look) {
  if (comparison.runs.size() < 2) return "";
  if (comparison.differences.empty()) return "\nThe recipes are the same, seeds left aside.\n";
  int width = 0;
  for (const KeyDifference& difference : comparison.differences)
    width = std::max(width, report::display_width(safe_text(difference.key)));
  width = std::min(width, look.width / 2);
  std::string text = heading("Recipes differ in", look);
  for (const KeyDifference& difference : comparison.differences) {
    std::string head = "  " + report::padded(report::cut(safe_text(difference.key), width), width) + "  ";
    for (const std::string& line : value_lines(difference, look.width - width - 4)) {
      text += head + line + "\n";
      head = std::string(static_cast<std::size_t>(width) + 4, ' ');
    }
  }
  return text;
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const Look& look) {
  std::string text = run_tables(comparison.runs, look);
  for (const std::string& note : comparison.notes) text += report::paragraph("Note: " + note, look.width);
  const report::PlotOptions options{.title = report::painted(comparison.curve_title, report::Paint::bold, look) +
                                             " over steps"};
  const std::string plot = report::plot(comparison.curves, options, look);
  if (!plot.empty()) text += "\n" + plot;
  return text + repetition_table(comparison, look) + difference_list(comparison, look);
}

}  // namespace thalweg::cli
