// The rearrangement of one network that brings it nearest to another of the same architecture.
//
//   by weights      ⟨θ_A, P θ_B⟩ is made large, and so ‖θ_A − P θ_B‖ small, group after group, the others held: a
//                   linear assignment each (Ainsworth, Hayase, Srinivasa 2023, weight matching). It rises at each
//                   step, to where no single group gains; from several orders the best is kept.
//   by activations  units are paired that say the same of the same rows: the sum of correlations of their outputs is
//                   made largest, one assignment a group (Li, Yosinski, Clune, Lipson, Hopcroft 2016). Groups that no
//                   tap hears are matched by weights.
// Signs are matched with the units where they are free: of each pair the better sign counts. Scales are left alone:
// they move the weights, not the function, and training keeps them balanced.
//
// Cost: by weights about ten assignments of O(n³) a group and start, and no forward; by activations a forward of either
// network on the rows.
#pragma once

#include <cstdint>
#include <functional>

#include "thalweg/model/network.h"
#include "thalweg/model/symmetry.h"
#include "thalweg/model/tap.h"

namespace thalweg {

struct Alignment {
  Arrangement arrangement;  // of B
  double similarity = 0.0;  // ⟨θ_A, P θ_B⟩ / (‖θ_A‖ ‖θ_B‖)
  double distance = 0.0;    // ‖θ_A − P θ_B‖
  int sweeps = 0;           // over all groups, of the start that was kept
};

struct WeightMatching {
  int starts = 3;  // orders of the groups; the first from the arrangement as it is
  int max_sweeps = 50;
  std::uint64_t seed = 0;
};

// Parameters of A and B, in the same order. Weights that are not finite are std::invalid_argument.
Alignment match_weights(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b,
                        const WeightMatching& options = {});
// How near they are when B is arranged so.
Alignment aligned_as(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b,
                     const Arrangement& arrangement);

// Networks heard on the same batches, in evaluation mode.
struct HeardPair {
  std::function<void(std::int64_t batch, Tap& tap)> a;
  std::function<void(std::int64_t batch, Tap& tap)> b;
  std::int64_t batches = 0;
};
Alignment match_activations(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b,
                            const HeardPair& heard, const WeightMatching& options = {});

}  // namespace thalweg
