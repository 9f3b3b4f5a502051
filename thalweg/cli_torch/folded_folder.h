// What `thalweg fold` writes: the folded network's recipe and its weights, both or neither.
#pragma once

#include <filesystem>

#include "thalweg/model/fold.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/store/beside_folder.h"
#include "thalweg/train/survey_target.h"

namespace thalweg::cli {

// Beside `folder` until it is complete; tried for as much room as the network that is folded takes, which is no less.
class FoldedFolder {
 public:
  FoldedFolder(const std::filesystem::path& folder, const SurveyTarget& target);
  // `recipe`: of the network before. IoError where it cannot be written: then there is no folder, or the one before.
  void write(recipe::Recipe recipe, const Folded& folded);

 private:
  BesideFolder beside_;
};

}  // namespace thalweg::cli
