// thalweg survey: the landscape at a point.
#include "thalweg/survey/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"
#include "thalweg/cli_torch/survey_parts.h"
#include "thalweg/record/error.h"
#include "thalweg/report/survey_drawing.h"
#include "thalweg/report/survey_json.h"
#include "thalweg/report/survey_panel.h"
#include "thalweg/report/text.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/store/output_folder.h"
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
  SurveyParts parts;
  std::string only;  // parts, without the landscape: "signal,time"

  bool draws() const { return parts.any() || options.density || options.slices; }
};

void add_parts(CLI::App& app, SurveyArguments& a) {
  app.add_flag("--signal", a.parts.signal, "also how the signal passes the layers, here and over the run");
  app.add_flag("--coupling", a.parts.coupling, "also what the layers do to each other in the optimizer's next step");
  app.add_flag("--time", a.parts.time,
               "also what recurrent layers make of the past: eigenvalues, exponents, how far gradients reach");
  CLI::Option* only =
      app.add_option("--only", a.only, "these parts alone, without the Hessian: signal, coupling, time, with commas")
          ->type_name("PART,…");
  for (const char* of_the_hessian :
       {"--top", "--bottom", "--layers", "--density", "--slices", "--products", "--memory"}) {
    only->excludes(app.get_option(of_the_hessian));
  }
}

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
  app.add_option("--products", a.options.max_products, "Hessian-vector products for the eigenvalues, at most")
      ->check(CLI::Range(2, 100000));
  app.add_option("--memory", a.memory, "GB that graphs and vectors may take together (default 1)")
      ->check(CLI::Range(0.001, 10000.0));
  app.add_option("--seed", a.options.seed, "of the random start vectors (default 0)");
  app.add_option("--out", a.out, "where drawings go (default: the run's folder)")->type_name("DIR");
  add_parts(app, a);
}

void show_progress(Progress& progress, const SurveyProgress& p) {
  if (!progress.due()) return;
  const std::string of = p.planned > 0 ? fmt::format(" of at most {}", p.planned) : "";
  progress.show(p.products == 0 ? fmt::format("{} …", p.stage) : fmt::format("{}: {}{}", p.stage, p.products, of));
}

std::function<void(std::string_view)> stage_of(Progress& progress) {
  return [&progress](std::string_view stage) { progress.show(fmt::format("{} …", stage)); };
}

std::vector<std::string> next_commands(const Survey& survey, const std::string& place) {
  std::vector<std::string> next;
  if (!survey.density && survey.slices.empty()) {
    next.push_back(fmt::format("thalweg survey {} --density --slices --layers", place));
  }
  next.emplace_back("thalweg explain lambda_max");
  return next;
}

// The folder for what will be drawn, tried before the work; none where nothing is drawn and nobody named one.
std::unique_ptr<OutputFolder> output_of(const SurveyArguments& a, const SurveyTarget& target) {
  if (!a.draws() && a.out.empty()) return nullptr;
  return std::make_unique<OutputFolder>(a.out.empty() ? target.folder : fs::path(a.out));
}

SurveyOptions options_of(const SurveyArguments& a, Progress& progress) {
  SurveyOptions options = a.options;
  options.memory_limit = static_cast<std::int64_t>(a.memory * 1e9);
  options.progress = [&](const SurveyProgress& p) { show_progress(progress, p); };
  options.planned = [&](const Survey::Memory& memory) { progress.note("memory: " + report::memory_words(memory)); };
  return options;
}

// What a person or a script is told.
using Tell = std::function<std::string(bool json)>;

Tell measure_landscape(const SurveyArguments& a, SurveyedNetwork& network, const fs::path& run, const OutputFolder* out,
                       Progress& progress) {
  Survey result = survey(network.problem(), options_of(a, progress));
  std::vector<MeasuredPart> parts;
  if (a.parts.any()) parts = measure_parts(a.parts, network, run, *out, result.files, stage_of(progress));
  for (const report::Drawing& drawing : report::survey_svgs(result)) {
    result.files.push_back(out->write(drawing.name, drawing.svg).string());
  }
  return [=, place = a.request.place.string()](bool json) {
    if (json) return with_parts(report::survey_json(result), parts) + "\n";
    std::string text;
    for (const MeasuredPart& part : parts) text += part.panel + "\n";
    return text + report::survey_panel(result, next_commands(result, place), stdout_look());
  };
}

Tell measure_alone(const SurveyArguments& a, SurveyedNetwork& network, const fs::path& run, const OutputFolder& out,
                   Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const SurveyProblem& problem = network.problem();
  PartsAlone alone{.subject = problem.subject,
                   .batches = static_cast<std::int64_t>(problem.batches.size()),
                   .rows = problem.rows,
                   .notes = network.notes()};
  for (const auto& [name, tensor] : problem.parameters) alone.parameters += tensor.numel();
  alone.parts = measure_parts(a.parts, network, run, out, alone.files, stage_of(progress));
  alone.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return [=, place = a.request.place.string()](bool json) {
    return json ? parts_json(alone) + "\n" : parts_panel(alone, {fmt::format("thalweg survey {}", place)});
  };
}

Tell measure(const SurveyArguments& a, Progress& progress) {
  const SurveyTarget target = read_survey_target(a.request);
  const std::unique_ptr<OutputFolder> out = output_of(a, target);
  progress.show("reading the data …");
  SurveyedNetwork network(target, a.batches);
  for (const auto* notes : {&target.notes, &network.notes()}) {
    for (const std::string& note : *notes) progress.note("note: " + report::safe_text(note));
  }
  try {
    const Tell tell = a.only.empty() ? measure_landscape(a, network, target.folder, out.get(), progress)
                                     : measure_alone(a, network, target.folder, *out, progress);
    progress.clear();
    return tell;
  } catch (const NoSecondDerivative& error) {
    throw UsageError(fmt::format("{}: an operation of this network has no second derivative: {}", target.subject,
                                 report::safe_text(error.what())));
  }
}

void choose_parts(SurveyArguments& a) {
  for (const auto piece : a.only | std::views::split(',')) {
    const std::string_view part(piece.begin(), piece.end());
    a.parts.signal |= part == "signal";
    a.parts.coupling |= part == "coupling";
    a.parts.time |= part == "time";
    if (part == "signal" || part == "coupling" || part == "time") continue;
    throw UsageError(fmt::format("--only: there is no part '{}'; allowed: signal, coupling, time", printable(part)));
  }
}

}  // namespace

int survey_command(int argc, char** argv) {
  Arguments arguments("survey");
  SurveyArguments a;
  add_options(arguments.app, a);
  if (!arguments.parse(argc, argv)) return kDone;
  choose_parts(a);
  Progress progress(arguments.common.quiet);
  const Tell tell = measure(a, progress);
  print(tell(arguments.common.json));
  finish_stdout();
  return kDone;
}

}  // namespace thalweg::cli
