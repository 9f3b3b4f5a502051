#include "thalweg/observe/curvature/critical_step.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace thalweg {
namespace {

struct Point {
  double t = 0.0;
  double slope = 0.0;  // f(t)
};

// Where the line through two points of f is zero; half way where the loss overflows at the second.
double zero_of(const Point& a, const Point& b) {
  if (!std::isfinite(b.slope)) return 0.5 * (a.t + b.t);
  return a.t - a.slope * (b.t - a.t) / (b.slope - a.slope);
}

constexpr double kNearest = 0.1;  // steps

class Search {
 public:
  Search(const CriticalStep::Options& options, const Step& step)
      : options_(options), step_(step), rounding_(options.resolution * step.objective_error) {}

  void run() {
    ask(1.0);
    while (!bracketed() && more() && (above_ ? nearest_ > kNearest : last_ < options_.furthest)) {
      ask(above_ ? 0.5 * nearest_ : further());
    }
    // Close to where the loss should be back, on either side: the bracket shrinks to that.
    while (bracketed() && width() > options_.narrow && more()) {
      const double t = value(), d = std::isfinite(above_->slope) ? 0.8 * options_.narrow * t : 0.0;
      ask(below_->t < t - 1.5 * d ? t - d : std::min(t + d, 0.5 * (t + above_->t)));
    }
  }

  bool bracketed() const { return below_ && above_; }
  double value() const { return zero_of(*below_, *above_); }
  double error() const { return std::max(value() - below_->t, above_->t - value()); }
  int forwards() const { return forwards_; }

 private:
  bool more() const { return forwards_ < options_.forwards && finite_; }
  double width() const { return error() / value(); }

  // Twice as far, or at once to where the last two points say, and a little beyond.
  double further() const {
    const double twice = 2.0 * last_;
    if (!before_ || !below_ || below_->slope <= before_->slope) return twice;
    return std::clamp(1.05 * zero_of(*before_, *below_), 1.2 * last_, std::min(8.0 * last_, options_.furthest));
  }

  void ask(double t) {
    ++forwards_;
    last_ = t;
    nearest_ = std::min(nearest_, t);
    const double change = step_.loss_along(t) - step_.objective;
    finite_ = !std::isnan(change);
    const Point point{t, change / t};
    if (change < -rounding_ && (!below_ || t > below_->t)) {
      before_ = below_;
      below_ = point;
    } else if (change > rounding_ && (!above_ || t < above_->t)) {
      above_ = point;
    }
  }

  const CriticalStep::Options& options_;
  const Step& step_;
  double rounding_, last_ = 0.0, nearest_ = 1.0;  // asked last, and at the shortest
  std::optional<Point> before_, below_, above_;   // the furthest lower one, and the nearest higher one
  int forwards_ = 0;
  bool finite_ = true;
};

}  // namespace

void CriticalStep::after_update(const Step& step, ReadingSink& out) {
  Search search(options_, step);
  search.run();
  if (!search.bracketed()) return;
  out.put({.step = step.index,
           .value = search.value(),
           .error = static_cast<float>(search.error()),
           .cost = 0.35F * static_cast<float>(search.forwards()),
           .quantity = Quantity::critical_step});
}

}  // namespace thalweg
