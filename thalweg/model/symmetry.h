// In how many ways the units of a network can be rearranged without changing what it computes.
//
//   permutations  of the units of a hidden layer, with everything that belongs to them: n! a layer, n!^m for m layers
//                 of n (Goodfellow, Bengio, Courville 2016, section 8.2.2). A residual stream ties all layers that
//                 write to it; a group norm keeps its groups together: g! (n/g)!^g; heads of attention: h!.
//   signs         of a unit between where it is written and where it is read, where all between is odd (tanh, none):
//   2^n scales        of a unit likewise, where all between is positively homogeneous (relu, leaky_relu, max-pooling):
//                 continuous, one dimension a unit, along which the gradient has no component; n² where nothing but
//                 linear maps lie between
//
// bits = Σ log2 n! + Σ n over layers with signs. It is a lower bound: what is not of these kinds is not counted
// (σ(−x) = 1 − σ(x) for the sigmoid; logits shifted together; directions that data happen not to move).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// Where the units of a group lie on one axis of a tensor: entry offset + (o · n + u) · inner + i is unit u's.
struct AxisUse {
  std::string tensor;
  std::int64_t axis = 0;
  std::int64_t outer = 1;  // blocks: 4 for the gates of an lstm
  std::int64_t inner = 1;  // entries of a unit that lie together: pixels of a channel that was flattened
  std::int64_t offset = 0;
  int power = 1;  // of a unit's factor: 1 where it is written, −1 where it is read; permutations do not ask
};

// Units that can only be permuted together, wherever they are used.
struct UnitGroup {
  std::string name;                 // "linear1"; of a stream, the first layer that writes to it
  std::string what;                 // "units", "channels", "heads"
  std::vector<std::string> layers;  // that write them
  std::int64_t size = 0;
  std::int64_t blocks = 1;  // equal ones that must stay together
  bool fixed = false;       // no permutation is free: `why`; listed for its signs and scales
  std::string why;
  std::vector<AxisUse> uses;
};

// What a group's units may be multiplied by between where they are written and where they are read.
struct UnitFactors {
  std::string name;
  std::size_t group = 0;
  bool sign = false;    // by −1
  bool scale = false;   // by any positive number
  bool mixing = false;  // the units may be mixed by any invertible matrix
  std::vector<AxisUse> uses;
};

// Further directions that change nothing, by their number.
struct FlatDirections {
  std::string layer;
  std::string what;
  std::int64_t dimensions = 0;
};

// A layer whose output, as a tap hears it, shows the units of a group, on its axis 1 (images, plain features) or its
// last (sequences).
struct HeardUnits {
  std::string layer;
  std::size_t group = 0;
  std::int64_t factors = -1;  // −1: none
  std::int64_t outer = 1;
  std::int64_t inner = 1;
};

struct Symmetry {
  std::vector<UnitGroup> groups;
  std::vector<UnitFactors> factors;
  std::vector<FlatDirections> further;
  std::vector<HeardUnits> heard;
};

// Of `network`, built from `model` for `shape`.
Symmetry symmetry_of(const recipe::Model& model, const NetworkShape& shape, const Network& network);

double permutation_bits(const UnitGroup& group);
double permutation_bits(const Symmetry& symmetry);
double sign_bits(const Symmetry& symmetry);
double symmetry_bits(const Symmetry& symmetry);          // the sum
std::int64_t flat_dimensions(const Symmetry& symmetry);  // of scales, mixing and the further ones, at least

// One element of the group: unit i of the rearranged network is factor[i] · unit permutation[i] of the old one.
struct Arrangement {
  std::vector<at::Tensor> permutations;  // for each group [n] int64
  std::vector<at::Tensor> factors;       // for each of Symmetry::factors [n] float64, ±1 or a positive scale
};
Arrangement identity_arrangement(const Symmetry& symmetry);
// A random one; with `scales` factors between ½ and 2 where scales are free.
Arrangement random_arrangement(const Symmetry& symmetry, std::uint64_t seed, bool scales = false);

// Parameters and buffers, rearranged; a tensor that no group uses is the same one.
NamedParameters rearranged(const Symmetry& symmetry, const Arrangement& arrangement, const NamedParameters& tensors);

// One tensor by one use of it.
at::Tensor permuted(const AxisUse& use, const at::Tensor& permutation, const at::Tensor& tensor);
at::Tensor multiplied(const AxisUse& use, const at::Tensor& factor, const at::Tensor& tensor);

// Derivatives of the parameters by the scale of one unit (or, for mixing, by the entry (row, unit) of the matrix): a
// direction to which the gradient is orthogonal. Tensors that stay are left out.
NamedParameters scale_generator(const UnitFactors& factors, std::int64_t size, std::int64_t unit,
                                const NamedParameters& parameters);
NamedParameters mixing_generator(const UnitFactors& factors, std::int64_t size, const at::Tensor& matrix,
                                 const NamedParameters& parameters);

// A tensor's entries by block and unit: [outer, n, everything else].
at::Tensor units_of(const AxisUse& use, std::int64_t size, const at::Tensor& tensor);

}  // namespace thalweg
