// The activations of the recipe. Constants are LibTorch's: elu α = 1, leaky_relu slope 0.01, gelu the exact one (erf),
// softmax over the last axis.
#pragma once

#include <ATen/core/Tensor.h>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

at::Tensor activate(recipe::Activation kind, const at::Tensor& x);

// The same where nobody else needs x: it may be overwritten, which saves a pass over memory.
at::Tensor activate_in_place(recipe::Activation kind, at::Tensor x);

}  // namespace thalweg
