#include "thalweg/cli_torch/folded_folder.h"

#include <utility>

#include "thalweg/data/replace_file.h"
#include "thalweg/data/safetensors.h"
#include "thalweg/recipe/parse.h"

namespace thalweg::cli {
namespace {

constexpr const char* kRecipe = "recipe.toml";
constexpr const char* kModel = "model.safetensors";

std::int64_t bytes_of(const SurveyTarget& target) {
  std::int64_t bytes = OutputFolder::kDrawings;  // for the recipe
  for (const auto& [name, tensor] : target.model) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace

FoldedFolder::FoldedFolder(const std::filesystem::path& folder, const SurveyTarget& target)
    : beside_(folder, {kRecipe, kModel}, bytes_of(target)) {}

void FoldedFolder::write(recipe::Recipe recipe, const Folded& folded) {
  recipe.model = folded.model;
  NamedTensors tensors;
  for (const auto& [name, tensor] : folded.tensors) tensors.emplace_back(name, tensor.contiguous());
  FileReplacement text(beside_.path() / kRecipe);
  text.write(recipe::to_toml(recipe));
  text.commit();
  write_safetensors(beside_.path() / kModel, tensors);
  beside_.commit();
}

}  // namespace thalweg::cli
