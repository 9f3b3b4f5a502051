#include "thalweg/cli_torch/survey_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "thalweg/cli/console.h"
#include "thalweg/cli_torch/signal_part.h"
#include "thalweg/observe/recurrence/recurrence.h"
#include "thalweg/report/coupling_panel.h"
#include "thalweg/report/entries.h"
#include "thalweg/report/json.h"
#include "thalweg/report/number.h"
#include "thalweg/report/recurrence_drawing.h"
#include "thalweg/report/recurrence_panel.h"
#include "thalweg/report/signal_panel.h"
#include "thalweg/report/text.h"
#include "thalweg/train/coupling_at.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

MeasuredPart measure_signal(SurveyedNetwork& network, const fs::path& run, const OutputFolder& out,
                            std::vector<std::string>& files) {
  const SignalPart part = measure_signal_part(network, run, out);
  for (const fs::path& file : part.files) files.push_back(file.string());
  return {"signal", report::signal_json(part.signal, part.maps),
          report::signal_panel(part.signal, part.maps, stdout_look())};
}

MeasuredPart measure_coupling(SurveyedNetwork& network, const OutputFolder& out, std::vector<std::string>& files) {
  const Coupling coupling = coupling_at(network.problem());
  files.push_back(out.write("coupling.svg", report::coupling_svg(coupling)).string());
  return {"coupling", report::coupling_json(coupling), report::coupling_panel(coupling, stdout_look())};
}

// A file's name has at most 255 bytes, a layer's may have more: long ones are cut, and told apart by their number.
std::string time_drawing_name(const std::string& layer, std::size_t number) {
  constexpr int kLongest = 40;
  const std::string cut = report::cut(layer, kLongest);
  return cut == layer ? fmt::format("time-{}.svg", layer) : fmt::format("time-{}-{}.svg", cut, number);
}

MeasuredPart measure_time(SurveyedNetwork& network, const OutputFolder& out, std::vector<std::string>& files) {
  const auto weight_of = [&](std::string_view name) {
    const NamedParameters& parameters = network.network().parameters();
    const auto found = std::ranges::find(parameters, name, &NamedParameters::value_type::first);
    return found == parameters.end() ? at::Tensor() : found->second;
  };
  const auto layers = measure_recurrence(network.through(), weight_of);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string name = time_drawing_name(layers[i].layer, i + 1);
    files.push_back(out.write(name, report::recurrence_svg(layers[i])).string());
  }
  return {"time", report::recurrence_json(layers), report::recurrence_panel(layers, stdout_look())};
}

}  // namespace

std::vector<MeasuredPart> measure_parts(const SurveyParts& parts, SurveyedNetwork& network, const fs::path& run,
                                        const OutputFolder& out, std::vector<std::string>& files,
                                        const std::function<void(std::string_view)>& stage) {
  std::vector<MeasuredPart> result;
  if (parts.signal) {
    stage("following the signal");
    result.push_back(measure_signal(network, run, out, files));
  }
  if (parts.coupling) {
    stage("coupling the layers");
    result.push_back(measure_coupling(network, out, files));
  }
  if (parts.time) {
    stage("going back in time");
    result.push_back(measure_time(network, out, files));
  }
  return result;
}

std::string with_parts(std::string json, const std::vector<MeasuredPart>& parts) {
  for (const MeasuredPart& part : parts) {
    json.pop_back();
    json += fmt::format(",\"{}\":{}}}", part.key, part.json);
  }
  return json;
}

std::string parts_json(const PartsAlone& alone) {
  return with_parts(report::dump({{"schema", 1},
                                  {"subject", alone.subject},
                                  {"cost", {{"seconds", alone.seconds}}},
                                  {"parameters", alone.parameters},
                                  {"batches", alone.batches},
                                  {"rows", alone.rows},
                                  {"notes", alone.notes},
                                  {"files", alone.files}}),
                    alone.parts);
}

std::string parts_panel(const PartsAlone& alone, const std::vector<std::string>& next) {
  const report::Look look = stdout_look();
  const auto title = [&](std::string_view words) { return report::painted(words, report::Paint::bold, look) + "\n"; };
  std::string text = title(report::cut(report::safe_text(alone.subject), look.width));
  for (const MeasuredPart& part : alone.parts) text += part.panel + "\n";
  text += title("Cost") +
          report::short_entry("took", report::duration(alone.seconds) + "; the landscape itself was left out", look);
  for (const std::string& note : alone.notes) text += report::short_entry("note", report::safe_text(note), look);
  for (const std::string& file : alone.files) text += report::short_entry("drawn", report::safe_text(file), look);
  text += title("Next");
  for (const std::string& command : next) text += "  " + report::safe_text(command) + "\n";
  return text;
}

}  // namespace thalweg::cli
