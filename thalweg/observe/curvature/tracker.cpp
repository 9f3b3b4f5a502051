#include "thalweg/observe/curvature/tracker.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "thalweg/spectral/lanczos.h"

namespace thalweg {
namespace {

// As many as the memory allows, as many as there are products, and never fewer than lanczos() needs for two pairs.
int basis_size(std::int64_t bytes, const LinearOperator& a, int products) {
  constexpr std::int64_t kFewest = 6;
  const std::int64_t vector = a.dimension() * static_cast<std::int64_t>(a.options().dtype().itemsize());
  return static_cast<int>(std::max(kFewest, std::min<std::int64_t>(products, bytes / vector)));
}

// The most wanted first: the outermost of both ends, then the next ones.
at::Tensor ritz_vectors(const LanczosResult& r) {
  std::vector<at::Tensor> vectors;
  for (std::size_t i = 0; i < std::max(r.top.size(), r.bottom.size()); ++i) {
    if (i < r.top.size()) vectors.push_back(r.top[i].vector);
    if (i < r.bottom.size()) vectors.push_back(r.bottom[i].vector);
  }
  return at::stack(vectors);
}

}  // namespace

std::optional<EigenTracker::Look> EigenTracker::look(LinearOperator& a) {
  if (vectors_.defined() && vectors_.size(1) != a.dimension()) vectors_.reset();
  const bool certify = !vectors_.defined() || doubtful_;
  const int products = certify ? options_.cold_products : options_.warm_products;
  const LanczosOptions search{.top = options_.top ? 1 : 0,
                              .bottom = options_.bottom ? 1 : 0,
                              .spare = 1,
                              .tolerance = options_.tolerance,
                              .certify = certify,
                              .max_products = products,
                              .max_vectors = basis_size(options_.bytes, a, products),
                              .seed = options_.seed + looks_++,
                              .start = vectors_,
                              .random_share = certify || options_.bottom ? 0.05 : 0.0};
  LanczosResult r;
  try {
    r = lanczos(a, search);
  } catch (const NotFinite&) {
    vectors_.reset();
    return std::nullopt;
  }
  vectors_ = ritz_vectors(r);
  Look look{.products = r.products, .certified = certify, .converged = r.converged};
  const double norm = std::max(std::abs(r.ritz_values.front()), std::abs(r.ritz_values.back()));
  doubtful_ = false;
  const auto read = [&](const std::vector<RitzPair>& pairs, double beyond, bool far) -> std::optional<Value> {
    if (pairs.empty()) return std::nullopt;
    const RitzPair& pair = pairs.front();
    doubtful_ |= pair.residual > options_.jump * norm;
    const double bar = std::max(pair.error, r.noise);
    return Value{pair.value, far ? std::max(bar, std::abs(beyond - pair.value)) : bar};
  };
  look.top = read(r.top, r.above, certify);
  look.bottom = read(r.bottom, r.below, true);
  return look;
}

}  // namespace thalweg
