// The linear assignment problem: the permutation p that makes Σ_i S[i, p(i)] largest.
//
// Shortest augmenting paths with potentials (Jonker, Volgenant 1987; as in Crouse 2016): O(n³), float64. The potentials
// prove the result: u_i + v_j ≥ S[i, j] everywhere, with equality where p joins them, so that no other permutation
// has a larger sum.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace thalweg {

struct Assignment {
  at::Tensor columns;          // [n] int64: row i gets column columns[i]
  double value = 0.0;          // Σ S[i, columns[i]]
  std::vector<double> row;     // u
  std::vector<double> column;  // v
};

// similarity: [n, n], any real type. Entries that are not finite are std::invalid_argument.
Assignment best_assignment(const at::Tensor& similarity);

// Permutations that keep `blocks` equal blocks together: those within a block, and of whole blocks. Potentials are
// empty where there is more than one block.
Assignment best_block_assignment(const at::Tensor& similarity, std::int64_t blocks);

}  // namespace thalweg
