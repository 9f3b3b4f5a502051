#include "thalweg/spectral/index.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "thalweg/spectral/distributions.h"
#include "thalweg/spectral/krylov.h"
#include "thalweg/spectral/probes.h"
#include "thalweg/spectral/quadrature.h"

namespace thalweg {
namespace {

constexpr double kSafety = 4.0;    // over the expected error of a product
constexpr double kLeast = 1e-280;  // keeps the threshold below zero where A is zero

// A projection of A on orthonormal rows, diagonalised.
struct Projection {
  at::Tensor values;       // [m], ascending, double on the CPU
  at::Tensor coordinates;  // [m, m], in columns
  std::int64_t below(double x) const { return (values < x).sum().item<std::int64_t>(); }
  std::int64_t above(double x) const { return (values > x).sum().item<std::int64_t>(); }
};

Projection diagonalise(const at::Tensor& matrix) {
  const at::Tensor m = matrix.to(at::kCPU, at::kDouble);
  const auto [values, coordinates] = at::linalg_eigh(0.5 * (m + m.t()));
  return {.values = values, .coordinates = coordinates};
}

// Orthonormal directions of negative curvature, and A in them.
struct Directions {
  at::Tensor rows;  // [k, p]; undefined: none yet
  at::Tensor form;  // [k, k], double on the CPU
  std::int64_t count() const { return rows.defined() ? rows.size(0) : 0; }
};

// The eigenvectors of a projection below x, as rows.
Directions negative_directions(const Projection& projection, const at::Tensor& basis, double x) {
  const std::int64_t k = projection.below(x);
  if (k == 0) return {};
  const at::Tensor y = projection.coordinates.narrow(1, 0, k).t().to(basis.options());
  return {.rows = at::mm(y, basis), .form = at::diag(projection.values.narrow(0, 0, k))};
}

// A compressed to what is orthogonal to the directions; it remembers what each product had along them.
class Complement final : public LinearOperator {
 public:
  Complement(CheckedOperator& a, const Directions& y) : a_(a), y_(y) {}
  std::int64_t dimension() const override { return a_.dimension(); }
  at::TensorOptions options() const override { return a_.options(); }
  OperatorCost cost() const override { return a_.cost(); }
  double relative_noise() const override { return a_.relative_noise(); }
  at::Tensor coupling() const { return at::stack(coupling_, 1); }  // [k, products]

 private:
  at::Tensor product(const at::Tensor& v) override {
    const at::Tensor w = a_.apply(without(v, y_.rows));
    if (y_.count() > 0) coupling_.push_back(at::mv(y_.rows, w).to(at::kCPU, at::kDouble));
    return without(w, y_.rows);
  }
  CheckedOperator& a_;
  const Directions& y_;
  std::vector<at::Tensor> coupling_;
};

class Search {
 public:
  Search(CheckedOperator& a, const IndexOptions& options)
      : a_(a), options_(options), generator_(generator_of(options.seed)) {
    bounds_.confidence = options.confidence;
    bounds_.certified_below = -std::numeric_limits<double>::infinity();
    trivial_ = a.dimension();
    if (options.basis.defined()) take_up(options.basis.to(a.options()), options.projection);
  }

  IndexBounds run() {
    const double miss = 1.0 - options_.confidence;
    for (int round = 0; left() > 0 && !done_; ++round) {
      // The first run is to find what there is; unless that is known, the next one needs as much.
      const std::int64_t limit = round == 0 && !options_.basis.defined() ? (left() + 1) / 2 : left();
      search(limit, miss / ((round + 1.0) * (round + 2.0)));
    }
    const std::int64_t upper = std::max(bounds_.lower, std::min(upper_, trivial_));
    if (upper < a_.dimension()) bounds_.upper = upper;
    bounds_.epsilon = std::max(options_.epsilon, 2.0 * rounding_);
    bounds_.products = a_.products_made();
    return bounds_;
  }

 private:
  std::int64_t left() const { return options_.products - a_.products_made(); }

  // Of a projection by m products; it never shrinks, so that what is said at the end holds for all that was used.
  double rounding(std::int64_t m) {
    const double scale = std::max(a_.norm(), known_norm_);
    rounding_ = std::max(rounding_, kSafety * std::sqrt(static_cast<double>(m)) * a_.relative_noise() * scale);
    return rounding_;
  }

  // Whatever is below −epsilon in A is below this in a projection of A.
  double threshold(std::int64_t m) {
    const double error = rounding(m);
    return error - std::max(options_.epsilon, 2.0 * error);
  }

  // Bounds that hold for certain, and the directions to take out next.
  void take_up(const at::Tensor& basis, const at::Tensor& matrix) {
    const Projection projection = diagonalise(matrix);
    known_norm_ = std::max(known_norm_, projection.values.abs().max().item<double>());
    const double error = rounding(basis.size(0));
    bounds_.lower = std::max(bounds_.lower, projection.below(-error));
    trivial_ = std::min(trivial_, a_.dimension() - projection.above(error));
    y_ = negative_directions(projection, basis, -error);
  }

  void search(std::int64_t limit, double miss) {
    const std::int64_t known = y_.count(), dimension = a_.dimension() - known;
    limit = std::min(limit, dimension);
    if (limit == 0) {
      done_ = true;  // the directions span everything
      return;
    }
    Complement complement(a_, y_);
    at::Tensor start = without(gaussian(a_, generator_), y_.rows);
    // Another seed: what the space takes up at random must not be the start of the next run.
    Krylov space(complement, start.unsqueeze(0), static_cast<int>(limit), ~options_.seed);
    while (extend(space, limit) && !finished(space, miss)) {
    }
    Recurrence recurrence = space.recurrence();
    recurrence.dimension = dimension;
    conclude(recurrence, known, miss);
    const at::Tensor basis = known > 0 ? at::cat({y_.rows, space.basis()}) : space.basis();
    take_up(basis, joined(space.projection(), complement));
    if (bounds_.lower >= std::min(upper_, trivial_)) done_ = true;
  }

  // One product; false at the limit, or where the run is at its end: the space is invariant.
  static bool extend(Krylov& space, std::int64_t limit) {
    const bool more = space.extend();
    return more && space.applied() < limit &&
           space.applied() == static_cast<std::int64_t>(space.recurrence().columns.size());
  }

  // Nothing more is to be found below the threshold in this run, and what was found is found well enough to be taken
  // out.
  bool finished(const Krylov& space, double miss) {
    Recurrence recurrence = space.recurrence();
    recurrence.dimension = a_.dimension() - y_.count();
    const double x = threshold(y_.count() + space.applied());
    if (!(tail_probability(recurrence, weight_bound(recurrence, x), 1) <= miss)) return false;
    const Ritz ritz = space.ritz();
    for (std::size_t i = 0; i < ritz.values.size() && ritz.values[i] < x; ++i) {
      if (ritz.residuals[i] * ritz.residuals[i] > 0.1 * std::abs(x * ritz.values[i])) return false;
    }
    return true;
  }

  // P(a random unit vector's weight on n dimensions ≤ weight).
  double tail_probability(const Recurrence& recurrence, double weight, std::int64_t n) const {
    const std::int64_t d = recurrence.dimension;
    if (n == 0) return 1.0;
    if (n >= d) return weight < 0.5 ? 0.0 : 1.0;  // all of it: the weight is 1
    // What is below the rounding of a product may have been there unseen.
    const double seen = std::max(weight, std::pow(10.0 * a_.relative_noise(), 2));
    return beta_probability(seen, 0.5 * static_cast<double>(n), 0.5 * static_cast<double>(d - n));
  }

  void conclude(const Recurrence& recurrence, std::int64_t known, double miss) {
    const double x = threshold(known + static_cast<std::int64_t>(recurrence.columns.size()));
    const double weight = weight_up_to(recurrence, x);
    std::int64_t low = 0, high = recurrence.dimension + 1;  // low is possible, high is ruled out
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (tail_probability(recurrence, weight, middle) > miss ? low : high) = middle;
    }
    upper_ = std::min(upper_, known + low);
    certify(recurrence, known, miss, x);
  }

  // The threshold nearest to zero below which nothing is left of B. That (vᵀu)² of its smallest eigenvector be below
  // the one weight that `miss` belongs to is one event, so that the threshold may be searched for.
  void certify(const Recurrence& recurrence, std::int64_t known, double miss, double x) {
    const auto cleared = [&](double at) {
      return tail_probability(recurrence, weight_up_to(recurrence, at), 1) <= miss;
    };
    double outer = x;
    while (!cleared(outer)) {
      outer *= 2.0;
      if (!(std::abs(outer) < 1e3 * std::max(a_.norm(), known_norm_))) return;
    }
    double inner = outer == x ? x : 0.5 * outer;
    for (int i = 0; i < 20 && inner != outer; ++i) {
      const double middle = 0.5 * (inner + outer);
      (cleared(middle) ? outer : inner) = middle;
    }
    const double error = rounding_;
    if (outer - error > bounds_.certified_below) {
      bounds_.certified_below = outer - error;
      bounds_.certified_count = known;
    }
  }

  // A in the directions and the new space together.
  at::Tensor joined(const at::Tensor& space, const Complement& complement) const {
    if (y_.count() == 0) return space;
    const at::Tensor c = complement.coupling().narrow(1, 0, space.size(0));
    return at::cat({at::cat({y_.form, c}, 1), at::cat({c.t(), space}, 1)});
  }

  CheckedOperator& a_;
  const IndexOptions& options_;
  at::Generator generator_;
  Directions y_;
  IndexBounds bounds_;
  std::int64_t upper_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t trivial_;  // the dimension less the positive directions that were seen
  double rounding_ = kLeast, known_norm_ = 0.0;
  bool done_ = false;
};

IndexBounds exact(CheckedOperator& a, const IndexOptions& options) {
  const Projection all = diagonalise(dense_matrix(a));
  const double error = kSafety * std::sqrt(static_cast<double>(a.dimension())) * a.noise();
  const double epsilon = std::max(options.epsilon, 2.0 * error);
  const std::int64_t lower = all.below(-error), upper = std::max(lower, all.below(error - epsilon));
  return {.lower = lower,
          .upper = upper,
          .epsilon = epsilon,
          .confidence = 1.0,
          .certified_count = upper,
          .certified_below = -epsilon,
          .products = a.products_made()};
}

void check(const LinearOperator& a, const IndexOptions& options) {
  if (!(options.epsilon >= 0.0) || !std::isfinite(options.epsilon)) {
    throw std::invalid_argument(
        fmt::format("a threshold for negative eigenvalues must be zero or more: got {}", options.epsilon));
  }
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    throw std::invalid_argument(
        fmt::format("the confidence of an upper bound lies between 0 and 1: got {}", options.confidence));
  }
  if (options.products < 1) {
    throw std::invalid_argument(
        fmt::format("bounds on the index need at least one product: {} were allowed", options.products));
  }
  if (options.basis.defined() != options.projection.defined()) {
    throw std::invalid_argument("a basis for the index goes with the projection on it");
  }
  if (!options.basis.defined()) return;
  const std::int64_t m = options.basis.size(0);
  if (options.basis.dim() != 2 || options.basis.size(1) != a.dimension() || options.projection.dim() != 2 ||
      options.projection.size(0) != m || options.projection.size(1) != m || m == 0) {
    throw std::invalid_argument(
        fmt::format("a basis for the index must be [m, {}] and the projection on it [m, m]", a.dimension()));
  }
}

}  // namespace

IndexBounds index_bounds(LinearOperator& operator_, const IndexOptions& options) {
  check(operator_, options);
  CheckedOperator a(operator_);
  return options.products >= a.dimension() ? exact(a, options) : Search(a, options).run();
}

}  // namespace thalweg
