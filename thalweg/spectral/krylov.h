// An orthonormal basis that a symmetric operator is projected on, grown one product at a time. Internal to the room.
//
// The rows v_0 … v_{m−1} of the basis are orthonormal; the first k of them have been through the operator, and
//     A v_j = Σ_{i<m} coefficient(i, j) v_i   for j < k,
// to rounding. The rows k … m−1 are what comes next: one after plain Lanczos, as many as start vectors for a block.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "thalweg/spectral/certificate.h"
#include "thalweg/spectral/linear_operator.h"

namespace thalweg {

struct Ritz {
  std::vector<double> values;     // ascending, k of them
  std::vector<double> residuals;  // ‖A y − θ y‖, from the coefficients
  at::Tensor coordinates;         // [k, k] in double on the CPU: column i is the i-th vector in the basis
};

class Krylov {
 public:
  // `start`: [b, p], any independent rows.
  Krylov(LinearOperator& a, const at::Tensor& start, int max_vectors, std::uint64_t seed);

  // One product. Where the basis is invariant a new random direction is taken up; false where it spans everything.
  bool extend();
  // Keeps the given Ritz vectors and what would come next.
  void restart(const Ritz& ritz, const std::vector<std::int64_t>& kept);
  bool full() const { return applied_ >= max_vectors_; }
  bool complete() const { return applied_ == dimension_; }

  Ritz ritz() const;
  at::Tensor vector(const Ritz& ritz, std::int64_t i) const;  // [p], unit
  at::Tensor basis() const;                                   // [k, p]
  at::Tensor projection() const;                              // [k, k], symmetric
  std::int64_t applied() const { return applied_; }
  double noise() const;  // rounding of a product, absolute
  const Recurrence& recurrence() const { return recurrence_; }

 private:
  double& coefficient(std::int64_t i, std::int64_t j) { return coefficients_[static_cast<std::size_t>(j * rows_ + i)]; }
  double coefficient(std::int64_t i, std::int64_t j) const {
    return coefficients_[static_cast<std::size_t>(j * rows_ + i)];
  }
  double orthogonalise(at::Tensor& w, std::int64_t column);
  bool append(const at::Tensor& w, double length);
  bool append_random();
  void record(std::int64_t column);

  LinearOperator& a_;
  std::int64_t dimension_, rows_;  // rows_: of the basis, allocated
  int max_vectors_;
  at::Generator generator_;
  at::Tensor basis_;                  // [rows_, p]
  std::vector<double> coefficients_;  // column j holds A v_j
  std::int64_t vectors_ = 0;          // m
  std::int64_t applied_ = 0;          // k
  double norm_ = 0.0;                 // largest |coefficient|: a lower estimate of ‖A‖
  Recurrence recurrence_;
  bool recording_ = true;
};

}  // namespace thalweg
