// What `thalweg survey` was pointed at: a run's folder, a checkpoint's folder or a safetensors file, read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/data/safetensors.h"
#include "thalweg/recipe/recipe.h"
#include "thalweg/train/checkpoint.h"

namespace thalweg {

struct SurveyTarget {
  std::string subject;           // "runs/a, step 1200"
  std::filesystem::path folder;  // of the run, else where the file lies: drawings go there
  std::string where;             // of the weights, for messages
  recipe::Recipe recipe;
  NamedTensors model;
  std::optional<NamedTensors> optimizer;
  std::optional<Position> position;
  std::vector<std::string> notes;
};

struct SurveyRequest {
  std::filesystem::path place;
  std::filesystem::path recipe;        // empty: the run's own
  std::vector<std::string> overrides;  // of the recipe
};

// A run is read at its last checkpoint. UsageError: there is no such place, or no recipe to it; InputError: a pickled
// state_dict (it could run code, and is not opened: the message says how to convert it), or a corrupt file.
SurveyTarget read_survey_target(const SurveyRequest& request);

}  // namespace thalweg
