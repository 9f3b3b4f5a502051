// "key=value" from the command line, put into the tree before it is judged.
#pragma once

#include <string>

#include "thalweg/recipe/node.h"
#include "thalweg/recipe/problems.h"

namespace thalweg::recipe {

// "optimizer.lr=0.01", "model.layers.1.p=0". The value is TOML, or a bare word taken as a text.
void apply_override(const std::string& assignment, Node& root, Problems& problems);

}  // namespace thalweg::recipe
