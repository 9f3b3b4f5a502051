#include "thalweg/survey/alignment_terms.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "thalweg/survey/assignment.h"

namespace thalweg {
namespace {

std::vector<std::size_t> cells_in(const std::vector<SimilarityTerm>& terms) {
  std::set<std::size_t> cells;
  for (const SimilarityTerm& term : terms) cells.insert(term.cells.begin(), term.cells.end());
  return {cells.begin(), cells.end()};
}

// The sign that combination `bits` gives a term: bit k is the sign of cells[k].
double sign_of(const SimilarityTerm& term, const std::vector<std::size_t>& cells, std::size_t bits) {
  double sign = 1.0;
  for (std::size_t k = 0; k < cells.size(); ++k) {
    if ((bits >> k) % 2 == 1 && std::ranges::count(term.cells, cells[k]) % 2 == 1) sign = -sign;
  }
  return sign;
}

}  // namespace

Pairing best_pairing(const UnitGroup& group, const std::vector<SimilarityTerm>& terms, const at::Tensor& kept) {
  const std::vector<std::size_t> cells = cells_in(terms);
  at::Tensor best, combination;
  for (std::size_t bits = 0; bits < (std::size_t{1} << cells.size()); ++bits) {
    at::Tensor sum = at::zeros({group.size, group.size}, at::kDouble);
    for (const SimilarityTerm& term : terms) sum.add_(term.similarity, sign_of(term, cells, bits));
    const at::Tensor mine = at::full({group.size, group.size}, static_cast<std::int64_t>(bits), at::kLong);
    const at::Tensor better = best.defined() ? sum > best : at::ones({group.size, group.size}, at::kBool);
    best = best.defined() ? at::where(better, sum, best) : sum;
    combination = combination.defined() ? at::where(better, mine, combination) : mine;
  }
  Pairing result;
  const bool free = !kept.defined() && !group.fixed;
  result.permutation = free             ? best_block_assignment(best, group.blocks).columns
                       : kept.defined() ? kept
                                        : at::arange(group.size, at::kLong);
  const at::Tensor chosen = combination.gather(1, result.permutation.unsqueeze(1)).squeeze(1);
  for (std::size_t k = 0; k < cells.size(); ++k) {
    const at::Tensor bit = chosen.bitwise_right_shift(static_cast<std::int64_t>(k)).remainder(2);
    result.signs[cells[k]] = 1.0 - 2.0 * bit.to(at::kDouble);
  }
  return result;
}

WeightTerms::WeightTerms(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b)
    : symmetry_(symmetry), touched_(symmetry.groups.size()) {
  for (const auto& [name, tensor] : a) a_.emplace(name, tensor.detach().to(at::kCPU));
  for (const auto& [name, tensor] : b) b_.emplace(name, tensor.detach().to(at::kCPU));
  for (std::size_t g = 0; g < symmetry.groups.size(); ++g) {
    for (const AxisUse& use : symmetry.groups[g].uses) {
      permutations_[use.tensor].push_back({g, use});
      if (b_.contains(use.tensor)) touched_[g].insert(use.tensor);
    }
  }
  for (std::size_t f = 0; f < symmetry.factors.size(); ++f) {
    for (const AxisUse& use : symmetry.factors[f].uses) {
      factors_[use.tensor].push_back({f, use});
      if (b_.contains(use.tensor)) touched_[symmetry.factors[f].group].insert(use.tensor);
    }
  }
}

// B's tensor with every axis that is not skipped arranged as it now is.
at::Tensor WeightTerms::arranged(const std::string& name, const Arrangement& current, const Skipped& skipped) const {
  at::Tensor tensor = b_.at(name);
  if (const auto found = permutations_.find(name); found != permutations_.end()) {
    for (const Use& u : found->second) {
      if (symmetry_.groups[u.owner].fixed || skipped(u.owner, u.use)) continue;
      tensor = permuted(u.use, current.permutations[u.owner], tensor);
    }
  }
  if (const auto found = factors_.find(name); found != factors_.end()) {
    for (const Use& u : found->second) {
      if (skipped(symmetry_.factors[u.owner].group, u.use)) continue;
      tensor = multiplied(u.use, current.factors[u.owner], tensor);
    }
  }
  return tensor;
}

double WeightTerms::product(std::size_t group, const Arrangement& current) const {
  double sum = 0.0;
  for (const std::string& name : touched_[group]) {
    const at::Tensor b = arranged(name, current, [](std::size_t, const AxisUse&) { return false; });
    sum += (a_.at(name).to(at::kDouble) * b.to(at::kDouble)).sum().item<double>();
  }
  return sum;
}

// For each block of the axis, the cells whose signs it takes: of an lstm's gates only one has them.
std::vector<std::vector<std::size_t>> WeightTerms::cells_of_blocks(std::size_t group, const AxisUse& use) const {
  std::vector<std::vector<std::size_t>> cells(static_cast<std::size_t>(use.outer));
  const auto found = factors_.find(use.tensor);
  if (found == factors_.end()) return cells;
  const std::int64_t length = symmetry_.groups[group].size * use.inner;
  for (const Use& u : found->second) {
    if (!symmetry_.factors[u.owner].sign || symmetry_.factors[u.owner].group != group || u.use.axis != use.axis)
      continue;
    for (std::int64_t o = 0; o < use.outer; ++o) {
      const std::int64_t at = use.offset + o * length;
      if (at >= u.use.offset && at < u.use.offset + u.use.outer * length) {
        cells[static_cast<std::size_t>(o)].push_back(u.owner);
      }
    }
  }
  return cells;
}

std::vector<SimilarityTerm> WeightTerms::of(std::size_t group, const Arrangement& current) const {
  const std::int64_t n = symmetry_.groups[group].size;
  std::map<std::vector<std::size_t>, at::Tensor> sums;
  for (const AxisUse& use : symmetry_.groups[group].uses) {
    if (!b_.contains(use.tensor)) continue;  // running statistics say how large, not what
    const auto is_own = [&](std::size_t g, const AxisUse& other) { return g == group && other.axis == use.axis; };
    const at::Tensor a = units_of(use, n, a_.at(use.tensor));
    const at::Tensor b = units_of(use, n, arranged(use.tensor, current, is_own));
    const auto cells = cells_of_blocks(group, use);
    std::map<std::vector<std::size_t>, std::vector<std::int64_t>> blocks;
    for (std::size_t o = 0; o < cells.size(); ++o) blocks[cells[o]].push_back(static_cast<std::int64_t>(o));
    for (const auto& [key, which] : blocks) {
      const at::Tensor index = at::tensor(which, at::kLong);
      const auto rows = [&](const at::Tensor& t) {
        return t.index_select(0, index).transpose(0, 1).reshape({n, -1}).to(at::kDouble);
      };
      const at::Tensor product = rows(a).mm(rows(b).t());
      at::Tensor& sum = sums[key];
      sum = sum.defined() ? sum + product : product;
    }
  }
  std::vector<SimilarityTerm> terms;
  terms.reserve(sums.size());
  for (const auto& [cells, sum] : sums) terms.push_back({.similarity = sum, .cells = cells});
  return terms;
}

}  // namespace thalweg
