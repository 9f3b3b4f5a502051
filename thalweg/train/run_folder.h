// A run's folder, and what it is named after.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// A folder that holds a run already is a UsageError that says how to go on with it.
void refuse_taken(const std::filesystem::path& folder);
// Makes the folder and writes recipe.toml, where it is not taken.
void create_run_folder(const std::filesystem::path& folder, const std::string& recipe);

// The recipe of a run to go on with. UsageError where `folder` holds none.
recipe::Recipe recipe_of_run(const std::filesystem::path& folder, const std::vector<std::string>& overrides);

std::string now_utc();  // ISO 8601, for a run's header

// torch's random stream as hexadecimal text, and back (InputError).
std::string random_to_hex(const at::Tensor& state);
at::Tensor random_from_hex(const std::string& text);

}  // namespace thalweg
