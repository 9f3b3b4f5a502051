// Which rate and weight decay a parameter has: the recipe's groups, matched by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// `*` matches any run of characters, dots included, `?` one character; the rest stands for itself.
bool glob_matches(std::string_view pattern, std::string_view name);

struct ParameterOptions {
  double lr_factor = 1.0;  // of the schedule's rate: group.lr / optimizer.lr
  double weight_decay = 0.0;
};

// One entry a name. The first group that matches counts. A group that matches no name is a UsageError that knows the
// nearest.
std::vector<ParameterOptions> assign_groups(const recipe::Optimizer& options, const std::vector<std::string>& names);

}  // namespace thalweg
