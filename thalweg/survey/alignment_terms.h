// What says that unit i of A and unit j of B are alike. Internal to the alignment.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/model/symmetry.h"

namespace thalweg {

// S [n, n]; its sign is that of the product of the factors of these cells (indices of Symmetry::factors).
struct SimilarityTerm {
  at::Tensor similarity;
  std::vector<std::size_t> cells;
};

// The pairing of a group's units that makes Σ_terms Π_cells s · S[i, p(i)] largest, over permutations and signs.
struct Pairing {
  at::Tensor permutation;                   // [n]
  std::map<std::size_t, at::Tensor> signs;  // by cell, [n] of ±1
};
// `kept`: a permutation that stays as it is, for the signs alone; undefined: the best.
Pairing best_pairing(const UnitGroup& group, const std::vector<SimilarityTerm>& terms, const at::Tensor& kept);

// Inner products of the units' weights, with everything else of B arranged as it now is.
class WeightTerms {
 public:
  WeightTerms(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b);
  std::vector<SimilarityTerm> of(std::size_t group, const Arrangement& current) const;
  // ⟨θ_A, P θ_B⟩ over the tensors that the group's units lie in: all that changes with the group alone.
  double product(std::size_t group, const Arrangement& current) const;

 private:
  struct Use {
    std::size_t owner;  // group or cell
    AxisUse use;
  };
  using Skipped = std::function<bool(std::size_t group, const AxisUse& use)>;
  at::Tensor arranged(const std::string& name, const Arrangement& current, const Skipped& skipped) const;
  std::vector<std::vector<std::size_t>> cells_of_blocks(std::size_t group, const AxisUse& use) const;

  const Symmetry& symmetry_;
  std::map<std::string, at::Tensor> a_, b_;
  std::map<std::string, std::vector<Use>> permutations_, factors_;  // by tensor
  std::vector<std::set<std::string>> touched_;                      // tensors by group
};

}  // namespace thalweg
