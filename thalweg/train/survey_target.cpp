#include "thalweg/train/survey_target.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iterator>

#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/train/position_json.h"
#include "thalweg/train/run_folder.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

// A pickle, or the zip archive of pickles that torch.save writes.
bool is_pickled(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 8> head{};
  stream.read(head.data(), head.size());
  if (stream.gcount() < 4) return false;
  const bool zip = head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
  // A safetensors file begins with the length of its header, whose highest byte is 0.
  const bool pickle = head[0] == '\x80' && head[1] >= 2 && head[1] <= 5 && head[7] != 0;
  return zip || pickle;
}

[[noreturn]] void refuse_pickle(const fs::path& file) {
  throw InputError(fmt::format(
      "{0}: a pickled state_dict, which can run code when it is opened, is not read; convert it once with: python -c "
      "\"import torch, safetensors.torch as s; s.save_file(torch.load('{0}', weights_only=True), '{1}')\"",
      printable(file.string(), 200), printable(fs::path(file).replace_extension("safetensors").string(), 200)));
}

recipe::Recipe recipe_for(const SurveyRequest& request, const fs::path& run) {
  if (!request.recipe.empty()) return recipe::parse_file(request.recipe, request.overrides);
  if (!run.empty() && fs::exists(run / "recipe.toml")) return recipe_of_run(run, request.overrides);
  throw UsageError(
      fmt::format("{}: no recipe lies with it that says its network, data and loss; give one with --recipe",
                  printable(request.place.string(), 200)));
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw IoError(fmt::format("{}: cannot read", file.string()));
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void name_subject(SurveyTarget& target, const fs::path& place) {
  target.subject = place.lexically_normal().string();
  while (target.subject.size() > 1 && target.subject.ends_with('/')) target.subject.pop_back();
  if (target.position) target.subject += fmt::format(", step {}", target.position->step);
}

SurveyTarget from_run(const SurveyRequest& request) {
  SurveyTarget target{.folder = request.place,
                      .where = (request.place / "checkpoint/last/model.safetensors").string(),
                      .recipe = recipe_for(request, request.place)};
  std::string warning;
  auto loaded = Checkpoints(request.place, 1).load("last", &warning);
  if (!loaded) throw UsageError(fmt::format("{}: the run has no checkpoint yet", request.place.string()));
  if (!warning.empty()) target.notes.push_back(warning);
  target.model = std::move(loaded->model);
  target.optimizer = std::move(loaded->optimizer);
  target.position = std::move(loaded->position);
  return target;
}

SurveyTarget from_checkpoint(const SurveyRequest& request) {
  const fs::path real = fs::canonical(request.place), file = request.place / "model.safetensors";
  const bool of_run = real.parent_path().filename() == "checkpoint";
  const fs::path run = of_run ? real.parent_path().parent_path() : real;  // as thalweg fold writes
  SurveyTarget target{.folder = of_run ? request.place.parent_path().parent_path() : request.place,
                      .where = file.string(),
                      .recipe = recipe_for(request, run),
                      .model = read_safetensors(file).tensors};
  if (fs::exists(real / "optimizer.safetensors")) {
    target.optimizer = read_safetensors(real / "optimizer.safetensors").tensors;
  }
  if (fs::exists(real / "state.json")) {
    target.position = position_from_json(read_text(real / "state.json"), (request.place / "state.json").string());
  }
  return target;
}

SurveyTarget from_file(const SurveyRequest& request) {
  if (is_pickled(request.place)) refuse_pickle(request.place);
  return {.folder = request.place.parent_path(),
          .where = request.place.string(),
          .recipe = recipe_for(request, {}),
          .model = read_safetensors(request.place).tensors};
}

SurveyTarget read(const SurveyRequest& request) {
  const fs::path& place = request.place;
  if (!fs::exists(place))
    throw UsageError(fmt::format("{}: there is no such run or file", printable(place.string(), 200)));
  if (!fs::is_directory(place)) return from_file(request);
  if (fs::exists(place / "model.safetensors")) return from_checkpoint(request);
  if (fs::exists(place / "recipe.toml") || fs::exists(place / "checkpoint")) return from_run(request);
  throw UsageError(fmt::format("{}: neither a run (recipe.toml and checkpoint/) nor a checkpoint (model.safetensors)",
                               printable(place.string(), 200)));
}

}  // namespace

SurveyTarget read_survey_target(const SurveyRequest& request) {
  SurveyTarget target = read(request);
  name_subject(target, request.place);
  return target;
}

}  // namespace thalweg
