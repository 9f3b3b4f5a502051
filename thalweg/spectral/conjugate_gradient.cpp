#include "thalweg/spectral/conjugate_gradient.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/probes.h"

namespace thalweg {
namespace {

using Exit = ConjugateGradientExit;

void check(const LinearOperator& a, const at::Tensor& b, const ConjugateGradientOptions& options) {
  if (b.dim() != 1 || b.size(0) != a.dimension()) {
    throw std::invalid_argument(
        fmt::format("a right-hand side for an operator of dimension {} must have as many entries", a.dimension()));
  }
  if (!(options.tolerance > 0.0) || !(options.radius > 0.0) || options.max_products < 1) {
    throw std::invalid_argument(
        fmt::format("conjugate gradients need a positive tolerance, radius and number of products: got {}, {} and {}",
                    options.tolerance, options.radius, options.max_products));
  }
}

// All in units of ‖b‖: x, r and d belong to the right-hand side b / ‖b‖, so that a loss of any scale is the same
// problem.
class Steihaug {
 public:
  Steihaug(CheckedOperator& a, const at::Tensor& unit_b, double radius, double tolerance)
      : a_(a),
        b_(unit_b),
        radius_(radius),
        tolerance_(tolerance),
        x_(at::zeros_like(b_)),
        r_(b_.clone()),
        d_(b_.clone()) {}

  ConjugateGradientResult run(int max_products) {
    Exit exit = Exit::kProductLimit;
    try {
      while (a_.products_made() < max_products && exit == Exit::kProductLimit) exit = step(max_products);
    } catch (const NotFinite&) {
      exit = Exit::kNotFinite;
    }
    result_.exit = exit;
    result_.x = x_;
    result_.residual = std::sqrt(rr_);
    result_.model = -0.5 * inner_product(x_, b_ + r_);  // ½ xᵀA x − bᵀx with A x = b − r
    return result_;
  }

 private:
  // kProductLimit: go on.
  Exit step(int max_products) {
    const at::Tensor ad = a_.apply(d_);
    const double dd = inner_product(d_, d_), dad = inner_product(d_, ad);
    if (dad <= a_.noise() * dd) {
      result_.direction = d_ / std::sqrt(dd);
      result_.curvature = dad / dd;
      if (std::isfinite(radius_)) advance(to_boundary(dd), ad);
      return dad < -a_.noise() * dd ? Exit::kNegativeCurvature : Exit::kFlat;
    }
    const double alpha = rr_ / dad;
    const double furthest = std::isfinite(radius_) ? to_boundary(dd) : alpha;
    const bool leaves = alpha > furthest;
    const double before = rr_;
    advance(leaves ? furthest : alpha, ad);
    if (leaves) return Exit::kBoundary;
    if (std::sqrt(rr_) > tolerance_) {
      d_.mul_(rr_ / before).add_(r_);
      return Exit::kProductLimit;
    }
    return a_.products_made() < max_products ? verify() : Exit::kProductLimit;
  }

  void advance(double alpha, const at::Tensor& ad) {
    x_.add_(d_, alpha);
    r_.sub_(ad, alpha);
    rr_ = inner_product(r_, r_);
  }

  // The recurrence says that r is small; rounding may have kept it from b − A x. Then the search goes on from there.
  Exit verify() {
    r_ = b_ - a_.apply(x_);
    rr_ = inner_product(r_, r_);
    d_ = r_.clone();
    return std::sqrt(rr_) <= tolerance_ ? Exit::kConverged : Exit::kProductLimit;
  }

  // τ ≥ 0 with ‖x + τ d‖ = radius.
  double to_boundary(double dd) const {
    const double xd = inner_product(x_, d_), room = std::max(0.0, radius_ * radius_ - inner_product(x_, x_));
    const double root = std::sqrt(xd * xd + dd * room);
    return xd > 0.0 ? room / (xd + root) : (root - xd) / dd;  // the same root, without cancellation
  }

  CheckedOperator& a_;
  at::Tensor b_;
  double radius_, tolerance_;
  at::Tensor x_, r_, d_;
  double rr_ = 1.0;
  ConjugateGradientResult result_;
};

}  // namespace

ConjugateGradientResult conjugate_gradient(LinearOperator& operator_, const at::Tensor& b,
                                           const ConjugateGradientOptions& options) {
  check(operator_, b, options);
  CheckedOperator a(operator_);
  const at::Tensor rhs = b.detach().to(a.options());
  const double size = length(rhs);
  if (!std::isfinite(size)) return {.exit = Exit::kNotFinite, .x = at::zeros_like(rhs)};
  if (size == 0.0) return {.exit = Exit::kConverged, .x = at::zeros_like(rhs), .residual = 0.0};
  Steihaug search(a, rhs / size, options.radius / size, options.tolerance);
  ConjugateGradientResult result = search.run(options.max_products);
  result.x = result.x * size;
  result.model *= size * size;
  result.products = a.products_made();
  return result;
}

}  // namespace thalweg
