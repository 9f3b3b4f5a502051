#include "thalweg/store/export.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "thalweg/record/error.h"
#include "thalweg/record/quantity.h"
#include "thalweg/store/beside_file.h"
#include "thalweg/store/csv.h"
#include "thalweg/store/json.h"

namespace thalweg {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : " ") + word;
  return result;
}

// A store that a crash cut short may name fewer scopes than it has readings of.
const std::string& scope_name(const std::vector<std::string>& scopes, Scope scope) {
  static const std::string unnamed;
  return scope < scopes.size() ? scopes[scope] : unnamed;
}

// --- CSV

void run_to_csv(const StoreReader& run, const std::filesystem::path& file) {
  const RunHeader h = run.header();
  CsvFile csv(file, {"key", "value"});
  const auto line = [&csv](std::string_view key, const auto& value) {
    csv << key << value;
    csv.end_line();
  };
  line("name", h.name);
  line("recipe", h.recipe);
  line("thalweg_version", h.thalweg_version);
  line("torch_version", h.torch_version);
  line("started", h.started);
  line("seed", std::to_string(h.seed));
  line("threads", std::int64_t{h.threads});
  line("parameters", h.parameters);
  line("planned_steps", h.planned_steps);
  line("steps_per_epoch", h.steps_per_epoch);
  line("heldout_rows", h.heldout_rows);
  line("heldout", h.heldout);
  line("loss", h.loss);
  line("metrics", joined(h.metrics));
  line("optimizer", h.optimizer);
  line("peak_learning_rate", h.peak_learning_rate);
  if (const auto result = run.result()) {
    line("stop_reason", result->stop_reason);
    line("last_step", result->step);
    line("seconds", result->seconds);
    line("overhead", result->overhead);
    line("verdict", name(result->judgement.verdict));
  }
  csv.commit();
}

void readings_to_csv(const StoreReader& run, const std::filesystem::path& file) {
  const std::vector<std::string> scopes = run.scopes();
  CsvFile csv(file, {"step", "quantity", "scope", "value", "error", "cost"});
  run.for_each_reading([&](const Reading& r) {
    csv << r.step << info(r.quantity).name << scope_name(scopes, r.scope) << r.value;
    if (std::isnan(r.error)) {
      csv << "";
    } else {
      csv << double{r.error};
    }
    csv << double{r.cost};
    csv.end_line();
  });
  csv.commit();
}

void evaluations_to_csv(const StoreReader& run, const std::filesystem::path& file) {
  CsvFile csv(file, {"step", "epoch", "seconds", "name", "split", "value", "low", "high"});
  const std::string heldout = run.header().heldout;
  for (const Evaluation& e : run.evaluations()) {
    const auto line = [&](std::string_view name, std::string_view split, const Interval& interval) {
      csv << e.step << e.epoch << e.seconds << name << split << interval.value << interval.low << interval.high;
      csv.end_line();
    };
    csv << e.step << e.epoch << e.seconds << "batch_loss"
        << "train" << e.train_loss << ""
        << "";
    csv.end_line();
    line("loss", heldout, e.heldout_loss);
    for (const NamedMetric& metric : e.metrics) line(metric.name, metric.split, metric.interval);
  }
  csv.commit();
}

void actions_to_csv(const StoreReader& run, const std::filesystem::path& file) {
  CsvFile csv(file, {"step", "code", "lever", "from", "to", "verdict", "effect", "low", "high", "goal", "cost",
                     "loss_before", "loss_after"});
  for (const Action& a : run.actions()) {
    csv << a.step << a.code << a.lever << a.from << a.to << name(a.trial.verdict) << a.trial.effect << a.trial.low
        << a.trial.high << a.trial.goal << a.trial.cost << a.loss_before << a.loss_after;
    csv.end_line();
  }
  csv.commit();
}

void findings_to_csv(const StoreReader& run, const std::filesystem::path& file) {
  CsvFile csv(file, {"code", "severity", "first_step", "last_step", "scope", "causes", "message", "json"});
  const auto result = run.result();
  for (const Finding& f : result ? result->judgement.findings : std::vector<Finding>()) {
    csv << f.code << name(f.severity) << f.first_step << f.last_step << f.scope << joined(f.causes) << f.message
        << to_json(f);
    csv.end_line();
  }
  csv.commit();
}

// --- JSON

template <typename Value>
void array(BesideFile& out, const std::vector<Value>& values) {
  out.write("[");
  for (std::size_t i = 0; i < values.size(); ++i) out.write((i == 0 ? "\n" : ",\n") + to_json(values[i]));
  out.write("]");
}

// Non-finite numbers as in json.h. By hand, since there may be millions.
void number(std::string& out, std::string_view key, double value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":{}", key, value);
    return;
  }
  const std::string kind = key == "value" ? "kind" : fmt::format("{}_kind", key);
  fmt::format_to(std::back_inserter(out), ",\"{}\":null,\"{}\":\"{}\"", key, kind,
                 std::isnan(value) ? "nan"
                 : value > 0.0     ? "inf"
                                   : "-inf");
}

void readings_to_json(const StoreReader& run, const std::vector<std::string>& names, BesideFile& out) {
  std::vector<std::string> scopes;  // quoted and escaped
  for (const std::string& name : names) scopes.push_back(to_json(name));
  std::string line = "[\n";
  run.for_each_reading([&](const Reading& r) {
    fmt::format_to(std::back_inserter(line), "{{\"step\":{},\"quantity\":\"{}\",\"scope\":{}", r.step,
                   info(r.quantity).name, r.scope < scopes.size() ? scopes[r.scope] : "\"\"");
    number(line, "value", r.value);
    if (!std::isnan(r.error)) number(line, "error", double{r.error});
    if (r.cost != 0.0F) number(line, "cost", double{r.cost});
    line += '}';
    out.write(line);
    line = ",\n";
  });
  out.write(line == "[\n" ? "[]" : "\n]");
}

}  // namespace

void export_csv(const StoreReader& run, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw IoError("cannot make the folder '" + printable(folder.string(), 4096) + "': " + error.message());
  run_to_csv(run, folder / "run.csv");
  readings_to_csv(run, folder / "readings.csv");
  evaluations_to_csv(run, folder / "evaluations.csv");
  actions_to_csv(run, folder / "actions.csv");
  findings_to_csv(run, folder / "findings.csv");
}

void export_json(const StoreReader& run, const std::filesystem::path& file) {
  BesideFile out(file);
  const std::vector<std::string> scopes = run.scopes();
  out.write("{\"schema\":1,\n\"run\":" + to_json(run.header()) + ",\n\"scopes\":");
  array(out, scopes);
  out.write(",\n\"evaluations\":");
  array(out, run.evaluations());
  out.write(",\n\"actions\":");
  array(out, run.actions());
  const auto result = run.result();
  out.write(",\n\"result\":" + (result ? to_json(*result) : "null") + ",\n\"readings\":");
  readings_to_json(run, scopes, out);
  out.write("}\n");
  out.commit();
}

}  // namespace thalweg
