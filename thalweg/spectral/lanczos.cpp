#include "thalweg/spectral/lanczos.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/spectral/krylov.h"

namespace thalweg {
namespace {

// Eigenvalues below this share of ‖A‖ are judged as if they were that large: float32 resolves no finer.
constexpr double kFloor = 1e-3;

void check(const LinearOperator& a, const LanczosOptions& o) {
  const auto refuse = [](const std::string& what) { throw std::invalid_argument("lanczos: " + what); };
  if (o.top < 0 || o.bottom < 0 || o.spare < 0 || o.top + o.bottom < 1)
    refuse("top and bottom are counts, and one of them at least 1");
  if (!(o.tolerance > 0.0) || !(o.margin > 0.0)) refuse("tolerance and margin are above 0");
  const bool probable = o.miss > 0.0 && o.miss < 1.0, share = o.random_share >= 0.0 && o.random_share <= 1.0;
  if (!probable) refuse("miss is a probability between 0 and 1");
  if (o.block < 1 || o.max_products < 1) refuse("block and max_products are at least 1");
  if (!share) refuse("random_share is between 0 and 1");
  if (o.max_vectors < 2 * (o.top + o.bottom) + o.block + 1 && o.max_vectors < a.dimension()) {
    refuse(fmt::format("max_vectors = {} is too few for {} pairs; {} are enough", o.max_vectors, o.top + o.bottom,
                       2 * (o.top + o.bottom) + o.block + 1));
  }
  if (o.start.defined() && (o.start.dim() != 2 || o.start.size(1) != a.dimension())) {
    refuse(fmt::format("start is [k, {}], a vector in each row", a.dimension()));
  }
}

at::Tensor unit(const at::Tensor& v) { return v / v.norm(); }

// The weight of each earlier vector in the start over that of the one before. At 0.5 a search along a training run came
// to the wrong one of two eigenvalues that cross in 4 of 50 probes, at 0.8 in none (curvature_bench P1 warm_fresh).
constexpr double kNext = 0.8;

// Random directions; or, where Ritz vectors of an earlier call are given, one combination of them, with a random part
// that lets the certificate speak.
at::Tensor start_vectors(const LinearOperator& a, const LanczosOptions& o) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(o.seed);
  at::Tensor random = at::randn({o.start.defined() ? 1 : std::min<std::int64_t>(o.block, a.dimension()), a.dimension()},
                                generator, at::TensorOptions(a.options().dtype()))
                          .to(a.options());
  if (!o.start.defined()) return random;
  at::Tensor sum = at::zeros_like(random[0]);
  double weight = 1.0;
  for (std::int64_t i = 0; i < o.start.size(0); ++i, weight *= kNext)
    sum.add_(unit(o.start[i].to(a.options())), weight);
  return (std::sqrt(1.0 - o.random_share * o.random_share) * unit(sum) + o.random_share * unit(random[0])).unsqueeze(0);
}

class Search {
 public:
  Search(LinearOperator& a, const LanczosOptions& options)
      : options_(options), krylov_(a, start_vectors(a, options), options.max_vectors, options.seed + 1) {}

  LanczosResult run() {
    bool more = true;
    std::int64_t products = 0;
    do {
      if (krylov_.full() && !krylov_.complete()) krylov_.restart(ritz_, kept());
      more = krylov_.extend();
      ++products;
      options_.progress(static_cast<int>(products));
      ritz_ = krylov_.ritz();
    } while (more && products < options_.max_products && !converged());
    return result(products);
  }

 private:
  Recurrence recurrence() const {
    Recurrence r = krylov_.recurrence();
    if (options_.start.defined()) r.random_share = std::max(options_.random_share, 1e-300);
    return r;
  }
  double miss() const { return std::max(options_.miss, std::min(0.5, least_miss(recurrence_))); }
  std::int64_t size() const { return static_cast<std::int64_t>(ritz_.values.size()); }
  double value(std::int64_t i) const { return ritz_.values[static_cast<std::size_t>(i)]; }
  double residual(std::int64_t i) const { return ritz_.residuals[static_cast<std::size_t>(i)]; }
  double norm() const { return std::max(std::abs(value(0)), std::abs(value(size() - 1))); }
  double scale(std::int64_t i) const { return std::max(std::abs(value(i)), kFloor * norm()); }
  std::int64_t count(int wanted) const { return std::min<std::int64_t>(wanted, size()); }

  std::int64_t given(int wanted) const { return wanted == 0 ? 0 : count(wanted + options_.spare); }

  // min(r, r²/gap), as far as the neighbours' own residuals leave a gap; and half of that where the pair is to be
  // certain: what lies between may not all have been seen yet.
  double error(std::int64_t i) const {
    const double r = residual(i);
    double gap = std::numeric_limits<double>::infinity();
    for (const std::int64_t j : {i - 1, i + 1}) {
      if (j >= 0 && j < size()) gap = std::min(gap, std::abs(value(i) - value(j)) - residual(j));
    }
    if (size() == 1) gap = 0.0;
    if (options_.certify) gap *= 0.5;
    return (gap > r ? r * r / gap : r) + krylov_.noise();
  }

  bool accurate(std::int64_t i) const {
    return error(i) <= std::max(options_.tolerance * scale(i), 2.0 * krylov_.noise());
  }

  // Nothing further out than by the margin, and nothing in the middle of a gap between wanted pairs.
  bool certified(int wanted, bool at_top) const {
    if (krylov_.complete()) return true;
    const Recurrence& r = recurrence_;
    const double out = at_top ? 1.0 : -1.0;
    for (std::int64_t n = 0; n < count(wanted); ++n) {
      const std::int64_t i = at_top ? size() - 1 - n : n;
      const double margin = options_.margin * scale(i);
      double where = value(i) + out * margin;
      if (n > 0) {
        const double before = value(at_top ? i + 1 : i - 1);
        if (std::abs(before - value(i)) < 2.0 * margin) continue;
        where = 0.5 * (before + value(i));
      }
      if (miss_probability(r, where) > miss()) return false;
    }
    return true;
  }

  bool converged() {
    if (size() < std::min<std::int64_t>(options_.top + options_.bottom, krylov_.basis().size(1))) return false;
    if (!krylov_.complete() && size() < 2) return false;
    for (std::int64_t n = 0; n < count(options_.top); ++n) {
      if (!accurate(size() - 1 - n)) return false;
    }
    for (std::int64_t n = 0; n < count(options_.bottom); ++n) {
      if (!accurate(n)) return false;
    }
    if (!options_.certify) return true;
    recurrence_ = recurrence();
    return certified(options_.top, true) && certified(options_.bottom, false);
  }

  // At a restart: the wanted pairs, and as many again on their side as half of the basis has room for.
  std::vector<std::int64_t> kept() const {
    const std::int64_t room = options_.max_vectors / 2, wanted = options_.top + options_.bottom;
    const std::int64_t low = std::min(size(), options_.bottom * room / wanted);
    const std::int64_t high = std::min(size() - low, options_.top * room / wanted);
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < low; ++i) result.push_back(i);
    for (std::int64_t i = size() - high; i < size(); ++i) result.push_back(i);
    return result;
  }

  RitzPair pair(std::int64_t i, bool certain) const {
    return {.value = value(i),
            .residual = residual(i),
            .error = error(i),
            .converged = accurate(i) && certain,
            .vector = krylov_.vector(ritz_, i)};
  }

  LanczosResult result(std::int64_t products) {
    recurrence_ = recurrence();
    LanczosResult r;
    const bool top_certain = !options_.certify || certified(options_.top, true);
    const bool bottom_certain = !options_.certify || certified(options_.bottom, false);
    for (std::int64_t n = 0; n < given(options_.top); ++n) {
      r.top.push_back(pair(size() - 1 - n, top_certain && n < options_.top));
    }
    for (std::int64_t n = 0; n < given(options_.bottom); ++n) {
      r.bottom.push_back(pair(n, bottom_certain && n < options_.bottom));
    }
    const auto all = [](const std::vector<RitzPair>& pairs, std::int64_t wanted) {
      return std::all_of(pairs.begin(), pairs.begin() + wanted, [](const RitzPair& pair) { return pair.converged; });
    };
    r.converged = all(r.top, count(options_.top)) && all(r.bottom, count(options_.bottom));
    r.noise = krylov_.noise();
    r.miss = miss();
    const double highest = value(size() - 1), lowest = value(0);
    r.above = krylov_.complete() ? highest + r.noise : upper_bound(recurrence_, highest, r.miss);
    r.below = krylov_.complete() ? lowest - r.noise : lower_bound(recurrence_, lowest, r.miss);
    r.products = products;
    r.ritz_values = ritz_.values;
    r.basis = krylov_.basis();
    r.projection = krylov_.projection();
    r.recurrence = std::move(recurrence_);
    return r;
  }

  LanczosOptions options_;
  Krylov krylov_;
  Ritz ritz_;
  Recurrence recurrence_;
};

}  // namespace

LanczosResult lanczos(LinearOperator& a, const LanczosOptions& options) {
  check(a, options);
  const c10::NoGradGuard no_graph;
  return Search(a, options).run();
}

}  // namespace thalweg
