#include "corpus.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "test_paths.h"

namespace thalweg::corpus {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string unzipped(const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot read " + path.string());
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (int n = 0; (n = gzread(file, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  gzclose(file);
  return text;
}

double number(const json& value) {
  return value.is_string() ? std::strtod(value.get<std::string>().c_str(), nullptr) : value.get<double>();
}

void add_series(Run& run, Quantity quantity, const json& series) {
  const json& values = series.at("values");
  for (std::size_t i = 0; i < values.size(); ++i) {
    Reading reading{.value = number(values[i]), .quantity = quantity};
    reading.step = series.contains("steps") ? series["steps"][i].get<std::int64_t>()
                                            : series.at("first").get<std::int64_t>() +
                                                  series.at("every").get<std::int64_t>() * static_cast<std::int64_t>(i);
    if (series.contains("errors")) reading.error = static_cast<float>(number(series["errors"][i]));
    run.readings.push_back(reading);
  }
}

void add_parameters(Run& run, const json& steps) {
  for (const json& step : steps) {
    for (const auto& [name, value] : step.items()) {
      if (name == "step") continue;
      run.readings.push_back({.step = step.at("step").get<std::int64_t>(),
                              .value = number(value),
                              .quantity = Quantity::gradient_sq,
                              .scope = run.scopes.number(name)});
    }
  }
}

Run read(const fs::path& path) {
  const json record = json::parse(unzipped(path));
  Run run{.name = record.at("name"),
          .fault = record.at("fault"),
          .severity = record.at("severity"),
          .also = record.at("also"),
          .header = {},
          .scopes = {},
          .readings = {}};
  run.header.name = run.name;
  run.header.optimizer = record.at("optimizer");
  run.header.planned_steps = record.at("planned_steps");
  run.header.peak_learning_rate = record.at("peak_learning_rate");
  for (const auto& [name, series] : record.at("series").items()) add_series(run, quantity_named(name).value(), series);
  if (record.contains("gradient_sq_by_parameter")) add_parameters(run, record["gradient_sq_by_parameter"]);
  std::ranges::stable_sort(run.readings, {}, &Reading::step);
  return run;
}

std::vector<Run> read_all() {
  const char* other = std::getenv("THALWEG_CORPUS");
  const fs::path folder = other != nullptr ? fs::path(other) : fs::path(test_paths::kSource) / "tests/diagnose/corpus";
  std::vector<Run> runs;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".gz") runs.push_back(read(entry.path()));
  }
  std::ranges::sort(runs, {}, &Run::name);
  return runs;
}

}  // namespace

const std::vector<Run>& runs() {
  static const std::vector<Run> kRuns = read_all();
  return kRuns;
}

void replay(const Run& run, int every, const std::function<void(const History&)>& look) {
  History history;
  history.header = run.header;
  history.scopes_table = run.scopes;
  for (std::size_t i = 0; i < run.readings.size(); ++i) {
    const std::int64_t step = run.readings[i].step;
    if (i > 0 && step != run.readings[i - 1].step && step % every == 0) look(history);
    history.put(run.readings[i]);
  }
  look(history);
}

History whole(const Run& run) {
  History history;
  history.header = run.header;
  history.scopes_table = run.scopes;
  for (const Reading& reading : run.readings) history.put(reading);
  return history;
}

}  // namespace thalweg::corpus
