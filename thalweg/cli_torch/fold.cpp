// thalweg fold: a run's network without its batch norms, for use.
#include "thalweg/model/fold.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli_torch/commands.h"
#include "thalweg/cli_torch/folded_folder.h"
#include "thalweg/record/error.h"
#include "thalweg/report/text.h"
#include "thalweg/train/checkpoint.h"
#include "thalweg/train/survey_target.h"
#include "thalweg/train/workbench.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRows = 256;  // for the proof

struct FoldArguments {
  SurveyRequest request;
  std::string out;
};

// The largest difference between both networks' outputs, and the largest output, on rows that were not trained on.
struct Proof {
  double difference = 0.0;
  double largest = 0.0;
};
Proof proof_of(Workbench& bench, const SurveyTarget& target, const Folded& folded) {
  const at::NoGradGuard no_grad;
  recipe::Recipe smaller = target.recipe;
  smaller.model = folded.model;
  Workbench other(smaller);
  load_model(*other.network, folded.tensors, "the folded network");
  bench.network->train(false);
  other.network->train(false);
  const Part& part = bench.judged_part();
  const Batch batch = part.slice(0, std::min(kRows, part.rows()));
  const at::Tensor before = bench.network->forward(batch.inputs), after = other.network->forward(batch.inputs);
  const double largest = before.abs().max().item<double>();
  if (!std::isfinite(largest)) {
    throw InputError(fmt::format(
        "{}: the network's outputs are not finite, so that nothing can be proven of the folded one: fold an "
        "earlier checkpoint",
        target.subject));
  }
  return {(before - after).abs().max().item<double>(), largest};
}

std::string text_of(const Folded& folded, const Proof& proof, const fs::path& folder) {
  std::string text = fmt::format("folded: {}\n", fmt::join(folded.folded, ", "));
  if (!folded.unfolded.empty()) text += fmt::format("stay:   {}\n", fmt::join(folded.unfolded, ", "));
  return text + fmt::format("outputs differ by {:.2g} at most, of {:.3g}\nwritten: {}\n", proof.difference,
                            proof.largest, folder.string());
}

std::string json_of(const Folded& folded, const Proof& proof, const fs::path& folder) {
  return nlohmann::ordered_json{{"schema", 1},
                                {"folded", folded.folded},
                                {"unfolded", folded.unfolded},
                                {"difference", proof.difference},
                                {"largest", proof.largest},
                                {"written", folder.string()}}
             .dump() +
         "\n";
}

}  // namespace

int fold(int argc, char** argv) {
  Arguments arguments("fold");
  FoldArguments a;
  arguments.app.add_option("place", a.request.place, "a run, a checkpoint's folder, or a safetensors file")
      ->type_name("RUN|CHECKPOINT")
      ->required();
  arguments.app.add_option("--recipe", a.request.recipe, "the recipe that says the network (default: the run's own)")
      ->type_name("R.toml");
  arguments.app.add_option("--out", a.out, "where recipe.toml and model.safetensors go (default: RUN/folded)")
      ->type_name("DIR");
  if (!arguments.parse(argc, argv)) return kDone;
  Progress progress(arguments.common.quiet);
  const SurveyTarget target = read_survey_target(a.request);
  for (const std::string& note : target.notes) progress.note("note: " + report::safe_text(note));
  const fs::path folder = a.out.empty() ? target.folder / "folded" : fs::path(a.out);
  FoldedFolder out(folder, target);
  Workbench bench(target.recipe);
  load_model(*bench.network, target.model, target.where);
  const Folded folded = fold_batch_norms(target.recipe.model, *bench.network);
  if (folded.folded.empty()) {
    throw UsageError(fmt::format("{}: no batch norm follows a linear or conv layer without activation: nothing to fold",
                                 target.subject));
  }
  const Proof proof = proof_of(bench, target, folded);
  out.write(target.recipe, folded);
  print(arguments.common.json ? json_of(folded, proof, folder) : text_of(folded, proof, folder));
  finish_stdout();
  return kDone;
}

}  // namespace thalweg::cli
