// Recipes drawn at random, over everything that can be said.
#pragma once

#include <rapidcheck.h>

#include "thalweg/recipe/recipe.h"

namespace thalweg::recipe {

rc::Gen<Recipe> random_recipe();

}  // namespace thalweg::recipe
