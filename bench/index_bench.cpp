// How often the bounds on the index of a saddle are wrong, and how close they come: random saddles with a known
// spectrum (spread out, clustered, repeated, next to zero; at scales from 1e-12 to 1e12) against the exact count.
//
//   index_bench [saddles]      500 by default, for each dimension, budget and confidence
//
// `exact`: lower = upper = the index. `width`: mean of upper − lower where there is an upper bound. `wrong lower` must
// be 0; `wrong upper` may be (1 − confidence) of the saddles.
#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/spectral/saddles.h"
#include "thalweg/spectral/index.h"
#include "thalweg/spectral/operators.h"

namespace thalweg {
namespace {

struct Case {
  std::int64_t dimension = 0;
  double budget = 0.0;  // products over the dimension
  double confidence = 0.0;
};

struct Tally {
  int wrong_lower = 0, wrong_upper = 0, unknown = 0, exact = 0;
  double width = 0.0, products = 0.0;
};

void count(const Case& c, std::uint64_t seed, Tally& tally) {
  const Saddle saddle = random_saddle(c.dimension, seed);
  DenseOperator a(saddle.matrix);
  const int products = std::max(1, static_cast<int>(c.budget * static_cast<double>(c.dimension)));
  const IndexBounds bounds = index_bounds(a, {.confidence = c.confidence, .products = products, .seed = seed});
  tally.products += static_cast<double>(bounds.products);
  tally.wrong_lower += bounds.lower > saddle.below(0.0) ? 1 : 0;
  if (!bounds.upper) {
    ++tally.unknown;
    return;
  }
  tally.wrong_upper += *bounds.upper < saddle.below(-bounds.epsilon) ? 1 : 0;
  tally.exact += bounds.lower == *bounds.upper && bounds.lower == saddle.below(-bounds.epsilon) ? 1 : 0;
  tally.width += static_cast<double>(*bounds.upper - bounds.lower);
}

void print(const Case& c, int saddles) {
  Tally tally;
  for (int i = 0; i < saddles; ++i) count(c, static_cast<std::uint64_t>(i), tally);
  const double known = std::max(1, saddles - tally.unknown);
  fmt::print("{:5} {:8.2f} {:11.2f} {:12} {:6} of {:3} allowed {:8} {:6.0f}% {:8.1f} {:9.1f}\n", c.dimension, c.budget,
             c.confidence, tally.wrong_lower, tally.wrong_upper, static_cast<int>((1.0 - c.confidence) * saddles + 0.5),
             tally.unknown, 100.0 * tally.exact / saddles, tally.width / known, tally.products / saddles);
  std::fflush(stdout);
}

}  // namespace
}  // namespace thalweg

int main(int argc, char** argv) {
  at::set_num_threads(1);
  const int saddles = argc > 1 ? std::atoi(argv[1]) : 500;
  fmt::print("{} saddles a line\n{:>5} {:>8} {:>11} {:>12} {:>21} {:>8} {:>7} {:>8} {:>9}\n", saddles, "p", "budget/p",
             "confidence", "wrong lower", "wrong upper", "unknown", "exact", "width", "products");
  for (const std::int64_t dimension : {1, 5, 20, 50, 100, 200}) {
    for (const double budget : {0.25, 0.9}) {
      for (const double confidence : {0.8, 0.95}) thalweg::print({dimension, budget, confidence}, saddles);
    }
  }
  return 0;
}
