#include "thalweg/survey/alignment.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

#include "thalweg/survey/alignment_activations.h"
#include "thalweg/survey/alignment_terms.h"

namespace thalweg {
namespace {

double inner_product(const NamedParameters& a, const NamedParameters& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += (a[i].second.detach().to(at::kDouble) * b[i].second.detach().to(at::kDouble)).sum().item<double>();
  }
  return sum;
}

void check_finite(const NamedParameters& parameters) {
  for (const auto& [name, tensor] : parameters) {
    if (!at::isfinite(tensor).all().item<bool>()) throw std::invalid_argument(name + " has values that are not finite");
  }
}

// Groups one after the other, from an arrangement to one where none gains.
class Descent {
 public:
  Descent(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b)
      : symmetry_(symmetry), a_(a), b_(b), terms_(symmetry, a, b) {}

  // `kept`: groups whose permutation stays; their signs do not. Returns the sweeps it took.
  int run(Arrangement& current, const std::vector<bool>& kept, int max_sweeps, std::mt19937_64& random) const {
    std::vector<std::size_t> order;
    for (std::size_t g = 0; g < symmetry_.groups.size(); ++g) {
      if (!symmetry_.groups[g].fixed || has_signs(g)) order.push_back(g);
    }
    double value = inner_product(a_, rearranged(symmetry_, current, b_));
    int sweeps = 0;
    for (bool moved = true; moved && sweeps < max_sweeps; ++sweeps) {
      moved = false;
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
      for (const std::size_t g : order) moved = step(g, kept[g], current, value) || moved;
    }
    return sweeps;
  }

 private:
  bool has_signs(std::size_t group) const {
    return std::ranges::any_of(symmetry_.factors, [&](const UnitFactors& f) { return f.sign && f.group == group; });
  }

  // Taken only where it gains: a group that lies on both axes of a matrix is matched with one of them held. Looked at
  // is what the group touches: over all tensors a sweep would cost the square of the depth.
  bool step(std::size_t group, bool kept, Arrangement& current, double& value) const {
    const Pairing found = best_pairing(symmetry_.groups[group], terms_.of(group, current),
                                       kept ? current.permutations[group] : at::Tensor());
    Arrangement next = current;
    next.permutations[group] = found.permutation;
    for (const auto& [cell, signs] : found.signs) next.factors[cell] = signs;
    const double gain = terms_.product(group, next) - terms_.product(group, current);
    if (!(gain > 1e-10 * std::abs(value))) return false;
    current = next;
    value += gain;
    return true;
  }

  const Symmetry& symmetry_;
  const NamedParameters &a_, &b_;
  WeightTerms terms_;
};

}  // namespace

Alignment aligned_as(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b,
                     const Arrangement& arrangement) {
  const double aa = inner_product(a, a), bb = inner_product(b, b);
  const double ab = inner_product(a, rearranged(symmetry, arrangement, b));
  return {.arrangement = arrangement,
          .similarity = ab / std::sqrt(aa * bb),
          .distance = std::sqrt(std::max(0.0, aa + bb - 2.0 * ab))};
}

Alignment match_weights(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b,
                        const WeightMatching& options) {
  check_finite(a);
  check_finite(b);
  const Descent descent(symmetry, a, b);
  const std::vector<bool> free(symmetry.groups.size(), false);
  Alignment best;
  for (int start = 0; start < options.starts; ++start) {
    std::mt19937_64 random(options.seed + static_cast<std::uint64_t>(start));
    Arrangement current = start == 0 ? identity_arrangement(symmetry)
                                     : random_arrangement(symmetry, options.seed + static_cast<std::uint64_t>(start));
    const int sweeps = descent.run(current, free, options.max_sweeps, random);
    Alignment found = aligned_as(symmetry, a, b, current);
    found.sweeps = sweeps;
    if (start == 0 || found.similarity > best.similarity) best = found;
  }
  return best;
}

Alignment match_activations(const Symmetry& symmetry, const NamedParameters& a, const NamedParameters& b,
                            const HeardPair& heard, const WeightMatching& options) {
  check_finite(a);
  check_finite(b);
  Arrangement current = identity_arrangement(symmetry);
  std::vector<bool> kept(symmetry.groups.size(), false);
  for (const auto& [group, terms] : correlations(symmetry, heard)) {
    if (symmetry.groups[group].fixed) continue;
    const Pairing found = best_pairing(symmetry.groups[group], terms, {});
    current.permutations[group] = found.permutation;
    for (const auto& [cell, signs] : found.signs) current.factors[cell] = signs;
    kept[group] = true;
  }
  std::mt19937_64 random(options.seed);
  const int sweeps = Descent(symmetry, a, b).run(current, kept, options.max_sweeps, random);
  Alignment result = aligned_as(symmetry, a, b, current);
  result.sweeps = sweeps;
  return result;
}

}  // namespace thalweg
