// thalweg survey: the landscape at a point.
#include "thalweg/survey/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"
#include "thalweg/cli_torch/signal_part.h"
#include "thalweg/observe/recurrence/recurrence.h"
#include "thalweg/record/error.h"
#include "thalweg/report/coupling_panel.h"
#include "thalweg/report/recurrence_drawing.h"
#include "thalweg/report/recurrence_panel.h"
#include "thalweg/report/signal_panel.h"
#include "thalweg/report/survey_drawing.h"
#include "thalweg/report/survey_json.h"
#include "thalweg/report/survey_panel.h"
#include "thalweg/report/text.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/train/coupling_at.h"
#include "thalweg/train/surveyed_network.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

struct SurveyArguments {
  SurveyRequest request;
  SurveyBatches batches;
  SurveyOptions options;
  std::string out;
  double memory = 1.0;  // GB
  bool coupling = false;
  bool signal = false;
  bool time = false;
};

void add_options(CLI::App& app, SurveyArguments& a) {
  app.add_option("place", a.request.place, "a run, a checkpoint's folder, or a safetensors file")
      ->type_name("RUN|CHECKPOINT")
      ->required();
  app.add_option("--recipe", a.request.recipe, "the recipe that says network, data and loss (default: the run's own)")
      ->type_name("R.toml");
  app.add_option("--set", a.request.overrides, "override one key of the recipe; may be given again")
      ->type_name("key=value")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--batch", a.batches.file, "a safetensors file with x and y: the landscape of its loss")
      ->type_name("B.safetensors");
  app.add_option("--batches", a.batches.count, "batches of training rows that the Hessian is of (default 1)")
      ->check(CLI::Range(1, 10000));
  app.add_option("--independent", a.batches.independent,
                 "further batches, for the gradient's noise and to measure eigenvectors again (default 8)")
      ->check(CLI::Range(0, 1000));
  app.add_option("--top", a.options.top, "eigenvalues at the upper end (default 1)")->check(CLI::Range(1, 100));
  app.add_option("--bottom", a.options.bottom, "and at the lower end (default 1)")->check(CLI::Range(1, 100));
  app.add_flag("--layers", a.options.layers, "each layer's own block of the Hessian");
  app.add_flag("--density", a.options.density, "the density of all eigenvalues");
  app.add_flag("--slices", a.options.slices, "the loss along eigenvectors, gradient and update, and over a plane");
  app.add_flag("--signal", a.signal, "how the signal passes the layers, here and over the run");
  app.add_flag("--coupling", a.coupling, "what the layers do to each other in the optimizer's next step");
  app.add_flag("--time", a.time,
               "what recurrent layers make of the past: eigenvalues, exponents, how far gradients reach");
  app.add_option("--products", a.options.max_products, "Hessian-vector products for the eigenvalues, at most")
      ->check(CLI::Range(2, 100000));
  app.add_option("--memory", a.memory, "GB that graphs and vectors may take together (default 1)")
      ->check(CLI::Range(0.001, 10000.0));
  app.add_option("--seed", a.options.seed, "of the random start vectors (default 0)");
  app.add_option("--out", a.out, "where drawings go (default: the run's folder)")->type_name("DIR");
}

void show_progress(Progress& progress, const SurveyProgress& p) {
  if (!progress.due()) return;
  const std::string of = p.planned > 0 ? fmt::format(" of at most {}", p.planned) : "";
  progress.show(p.products == 0 ? fmt::format("{} …", p.stage) : fmt::format("{}: {}{}", p.stage, p.products, of));
}

void write_drawing(const report::Drawing& drawing, const fs::path& folder, Survey& survey) {
  const fs::path file = folder / drawing.name;
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << drawing.svg << std::flush;
  if (!stream) throw IoError(fmt::format("{}: cannot write", file.string()));
  survey.files.push_back(file.string());
}

std::vector<std::string> next_commands(const Survey& survey, const std::string& place) {
  std::vector<std::string> next;
  if (!survey.density && survey.slices.empty()) {
    next.push_back(fmt::format("thalweg survey {} --density --slices --layers", place));
  }
  next.emplace_back("thalweg explain lambda_max");
  return next;
}

// What was asked for beside the survey itself.
struct Part {
  std::string key;    // in the JSON
  std::string json;   // an object
  std::string panel;  // the same for a person
};
struct Measured {
  Survey survey;
  std::vector<Part> parts;
};

Part measure_coupling_part(const SurveyProblem& problem, const fs::path& folder, Survey& survey) {
  const Coupling coupling = coupling_at(problem);
  write_drawing({"coupling.svg", report::coupling_svg(coupling)}, folder, survey);
  return {"coupling", report::coupling_json(coupling), report::coupling_panel(coupling, stdout_look())};
}

Part measure_time_part(SurveyedNetwork& network, const fs::path& folder, Survey& survey) {
  const auto weight_of = [&](std::string_view name) {
    const NamedParameters& parameters = network.network().parameters();
    const auto found = std::ranges::find(parameters, name, &NamedParameters::value_type::first);
    return found == parameters.end() ? at::Tensor() : found->second;
  };
  const auto layers = measure_recurrence(network.through(), weight_of);
  for (const RecurrentLayer& layer : layers) {
    write_drawing({fmt::format("time-{}.svg", layer.layer), report::recurrence_svg(layer)}, folder, survey);
  }
  return {"time", report::recurrence_json(layers), report::recurrence_panel(layers, stdout_look())};
}

Part measured_signal(SurveyedNetwork& network, const SurveyTarget& target, const fs::path& folder, Survey& survey) {
  const SignalPart part = measure_signal_part(network, target.folder, folder);
  for (const fs::path& file : part.files) survey.files.push_back(file.string());
  return {"signal", report::signal_json(part.signal, part.maps),
          report::signal_panel(part.signal, part.maps, stdout_look())};
}

// One document: the parts are further members of the survey's object.
std::string json_of(const Measured& measured) {
  std::string json = report::survey_json(measured.survey);
  for (const Part& part : measured.parts) {
    json.pop_back();
    json += fmt::format(",\"{}\":{}}}", part.key, part.json);
  }
  return json;
}

Measured measure(const SurveyArguments& a, Progress& progress) {
  const SurveyTarget target = read_survey_target(a.request);
  progress.show("reading the data …");
  SurveyedNetwork network(target, a.batches);
  for (const auto* notes : {&target.notes, &network.notes()}) {
    for (const std::string& note : *notes) progress.note("note: " + report::safe_text(note));
  }
  SurveyOptions options = a.options;
  options.memory_limit = static_cast<std::int64_t>(a.memory * 1e9);
  options.progress = [&](const SurveyProgress& p) { show_progress(progress, p); };
  options.planned = [&](const Survey::Memory& memory) { progress.note("memory: " + report::memory_words(memory)); };
  try {
    const fs::path folder = a.out.empty() ? target.folder : fs::path(a.out);
    Measured result{.survey = survey(network.problem(), options), .parts = {}};
    if (a.signal) result.parts.push_back(measured_signal(network, target, folder, result.survey));
    if (a.coupling) result.parts.push_back(measure_coupling_part(network.problem(), folder, result.survey));
    if (a.time) result.parts.push_back(measure_time_part(network, folder, result.survey));
    progress.clear();
    for (const report::Drawing& drawing : report::survey_svgs(result.survey)) {
      write_drawing(drawing, folder, result.survey);
    }
    return result;
  } catch (const NoSecondDerivative& error) {
    throw UsageError(fmt::format("{}: an operation of this network has no second derivative: {}", target.subject,
                                 report::safe_text(error.what())));
  }
}

}  // namespace

int survey_command(int argc, char** argv) {
  Arguments arguments("survey");
  SurveyArguments a;
  add_options(arguments.app, a);
  if (!arguments.parse(argc, argv)) return kDone;
  Progress progress(arguments.common.quiet);
  const Measured result = measure(a, progress);
  if (arguments.common.json) {
    print(json_of(result) + "\n");
  } else {
    for (const Part& part : result.parts) print(part.panel + "\n");
    print(report::survey_panel(result.survey, next_commands(result.survey, a.request.place.string()), stdout_look()));
  }
  finish_stdout();
  return kDone;
}

}  // namespace thalweg::cli
