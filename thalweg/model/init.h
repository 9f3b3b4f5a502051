// Draws initial weights: the recipe's [model.init].
//
//   glorot  Var = 2 / (fan_in + fan_out)     Glorot, Bengio 2010        he      Var = 2 / fan_in    He et al. 2015
//   lecun   Var = 1 / fan_in                 LeCun et al. 1998          orthogonal  WᵀW = gain² I   Saxe et al. 2014
//
// A uniform draw of variance V lies in ±√(3V). `gain` multiplies the draw; he_* ignore it, and so do zeros, constant
// and default. A conv's kernel [out, in, k, k] counts as the matrix [out, in·k·k]; its identity is the kernel that
// hands channels on.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

struct Fans {
  double in = 1.0;
  double out = 1.0;
};
// Of a weight [out, in, …]: the axes after the second belong to both.
Fans fans_of(const std::vector<std::int64_t>& sizes);

// What kind = "default" means for a tensor: LibTorch's choice.
struct StandardInit {
  enum class Kind { uniform, normal };
  Kind kind = Kind::uniform;
  double scale = 0.0;  // uniform: the limit; normal: the standard deviation
};

// Fills `block`, a weight of two or more axes, in place. `lsuv` draws orthogonal weights: lsuv.h scales them.
void draw_weight(at::Tensor block, const recipe::Init& init, const Fans& fans, const StandardInit& standard,
                 const at::Generator& generator);

// Fills `block`, a bias of one axis. bias = "same" treats it as the column of a weight, with that weight's fans.
void draw_bias(at::Tensor block, const recipe::Init& init, const Fans& weight_fans, const StandardInit& standard,
               const at::Generator& generator);

// The random stream of one parameter: a layer more or less elsewhere leaves the draw of the others as it was.
at::Generator parameter_generator(std::uint64_t seed, std::string_view parameter);

}  // namespace thalweg
