// The ratio of two means over the last looks, Σ a / Σ b, with its 95% interval by the jackknife (Tukey 1958): the mean
// of the pseudo-values n·r − (n − 1)·r₍ᵢ₎, where r₍ᵢ₎ leaves look i out, and Student's interval of that mean.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

namespace thalweg {

struct Estimate {
  double value = 0.0;
  double error = 0.0;  // half-width of the 95% interval
};

class RatioOfMeans {
 public:
  struct Options {
    std::size_t looks = 32;  // the last ones count
    std::size_t fewest = 4;  // before which nothing is said
  };
  RatioOfMeans() : RatioOfMeans(Options{}) {}
  explicit RatioOfMeans(Options options) : options_(options) {}

  // A pair that is not finite is left out.
  void add(double numerator, double denominator);

  std::optional<Estimate> numerator() const;    // mean of a
  std::optional<Estimate> denominator() const;  // mean of b
  // Nothing where the mean of b is not told from zero.
  std::optional<Estimate> ratio() const;

 private:
  struct Look {
    double numerator = 0.0, denominator = 0.0;
  };
  std::optional<Estimate> mean(double Look::*part) const;

  Options options_;
  std::deque<Look> looks_;
};

}  // namespace thalweg
