// What an update of one layer does to the others, as a value: the statement that an update assumes the other weights
// fixed, in numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace thalweg {

// u_i: the part of the update u that moves layer i alone. g, H: gradient and Hessian of the same loss at the weights
// before the update. Losses in the loss's own unit; NaN: not measured.
struct Coupling {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  struct Layer {
    std::string name;
    std::int64_t parameters = 0;
    double slope = kNone;  // g'u_i
    double alone = kNone;  // L(θ + u_i) − L(θ)
  };

  std::string subject;  // "runs/a, step 1200"
  std::int64_t rows = 0;
  std::vector<Layer> layers;
  std::vector<double> matrix;     // u_i'Hu_j, row by row
  double matrix_error = kNone;    // rounding of an entry, at most
  double slope_error = kNone;     // of g'u
  double change = kNone;          // L(θ + u) − L(θ)
  double change_error = kNone;    // rounding of a difference of two losses
  std::int64_t products = 0;      // Hessian-vector products
  std::int64_t forwards = 0;      // for the changes
  double gradient_units = kNone;  // all of it, in wall time over that of one gradient

  std::size_t size() const { return layers.size(); }
  double at(std::size_t i, std::size_t j) const { return matrix[i * layers.size() + j]; }

  // Σ_{j≠i} |C_ij| / Σ_j |C_ij|, of one layer.
  double share(std::size_t i) const {
    double row = 0.0;
    for (std::size_t j = 0; j < size(); ++j) row += std::abs(at(i, j));
    return row > 0.0 ? (row - std::abs(at(i, i))) / row : kNone;
  }
  // Σ_{i≠j} |C_ij| / Σ |C_ij|, of all.
  double share() const {
    double all = 0.0, own = 0.0;
    for (const double entry : matrix) all += std::abs(entry);
    for (std::size_t i = 0; i < size(); ++i) own += std::abs(at(i, i));
    return all > 0.0 ? (all - own) / all : kNone;
  }
  double slope() const {  // g'u
    double sum = 0.0;
    for (const Layer& layer : layers) sum += layer.slope;
    return sum;
  }
  double curvature() const {  // u'Hu
    double sum = 0.0;
    for (const double entry : matrix) sum += entry;
    return sum;
  }
  double own_curvature() const {  // Σ u_i'Hu_i: what is left of it where each layer moves alone
    double sum = 0.0;
    for (std::size_t i = 0; i < size(); ++i) sum += at(i, i);
    return sum;
  }
  double alone() const {  // Σ of each layer alone
    double sum = 0.0;
    for (const Layer& layer : layers) sum += layer.alone;
    return sum;
  }
  double interaction() const { return change - alone(); }
  double beyond_second() const { return change - slope() - 0.5 * curvature(); }
};

}  // namespace thalweg
