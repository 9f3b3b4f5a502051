#include "thalweg/spectral/quadrature.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "thalweg/spectral/probes.h"

namespace thalweg {
namespace {

struct Jacobi {
  std::vector<double> diagonal;
  std::vector<double> off;  // one shorter
};

Quadrature quadrature_of(const Jacobi& jacobi) {
  const auto n = static_cast<std::int64_t>(jacobi.diagonal.size());
  at::Tensor t = at::diag(at::tensor(jacobi.diagonal, at::kDouble));
  if (n > 1) {
    const at::Tensor off = at::tensor(jacobi.off, at::kDouble);
    t = t + at::diag(off, 1) + at::diag(off, -1);
  }
  const auto [values, vectors] = at::linalg_eigh(t);
  return {.nodes = to_list(values), .weights = to_list(vectors[0].square())};
}

}  // namespace

Quadrature gauss_quadrature(const Recurrence& recurrence) {
  Jacobi jacobi;
  for (std::size_t j = 0; j < recurrence.columns.size(); ++j) {
    if (j > 0) jacobi.off.push_back(recurrence.columns[j - 1].back());
    jacobi.diagonal.push_back(recurrence.columns[j][j]);
  }
  return quadrature_of(jacobi);
}

double weight_up_to(const Recurrence& recurrence, double x) {
  // One more row, whose diagonal entry makes x an eigenvalue: d_j, the pivots of T − x, tell which (Golub 1973).
  Jacobi jacobi;
  double pivot = 0.0, scale = std::abs(x);
  for (std::size_t j = 0; j < recurrence.columns.size(); ++j) {
    const double diagonal = recurrence.columns[j][j], next = recurrence.columns[j].back();
    const double before = j == 0 ? 0.0 : jacobi.off.back();
    scale = std::max({scale, std::abs(diagonal), next});
    pivot = diagonal - x - (j == 0 ? 0.0 : before * before / pivot);
    // x is a node already: to the left of it by a rounding error.
    if (std::abs(pivot) < 1e-14 * scale) pivot = 1e-14 * scale;
    jacobi.diagonal.push_back(diagonal);
    jacobi.off.push_back(next);
  }
  const double last = jacobi.off.back();
  jacobi.diagonal.push_back(x + last * last / pivot);
  const Quadrature rule = quadrature_of(jacobi);
  const auto distance = [&](double node) { return std::abs(node - x); };
  const auto at_x = std::min_element(rule.nodes.begin(), rule.nodes.end(),
                                     [&](double a, double b) { return distance(a) < distance(b); });
  double weight = 0.0;
  for (std::ptrdiff_t i = 0; i <= at_x - rule.nodes.begin(); ++i) weight += rule.weights[static_cast<std::size_t>(i)];
  return std::min(weight, 1.0);
}

}  // namespace thalweg
