// Correlations between the units of two networks over the same rows. Internal to the alignment.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "thalweg/survey/alignment.h"
#include "thalweg/survey/alignment_terms.h"

namespace thalweg {

// By group, for those that a tap hears: corr(h_i of A, h_j of B) over rows and positions, 0 for a unit that is
// constant. Of layers that only pass on what the one before gave, the last is taken.
std::map<std::size_t, std::vector<SimilarityTerm>> correlations(const Symmetry& symmetry, const HeardPair& heard);

}  // namespace thalweg
