#include "thalweg/survey/escape.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/record/mean.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/survey/gradient.h"
#include "thalweg/survey/moved.h"
#include "thalweg/survey/problem.h"

namespace thalweg {
namespace {

constexpr double kFarthest = 16.0;  // times the length of the weights: further out is another place
constexpr double kRoundings = 8.0;  // of the loss, in machine epsilons: its last sum, and the error of its terms

class LineSearch {
 public:
  LineSearch(const SurveyProblem& problem, const EscapeDirection& direction)
      : problem_(problem), direction_(direction), moved_(leaves(problem)) {
    epsilon_ = machine_epsilon(moved_.start().scalar_type());
    base_ = loss_on(problem.batches);
    size_ = length_of(moved_.start());
    if (!(size_ > 0.0)) size_ = 1.0;  // weights that are all zero have no scale
  }

  Survey::Escape run() {
    for (const double sign : {1.0, -1.0}) follow(sign);
    if (gain_ > 0.0) refine();
    Survey::Escape result{.curvature = direction_.curvature,
                          .slope = direction_.slope * (best_ < 0.0 ? -1.0 : 1.0),
                          .length = std::abs(best_),
                          .gain = gain_,
                          .resolution = resolution(base_ - gain_),
                          .forwards = forwards_,
                          .still_falling = still_falling_};
    if (gain_ > 0.0 && problem_.independent.size() > 1) result.gain_elsewhere = elsewhere();
    result.forwards = forwards_;
    return result;
  }

 private:
  double resolution(double loss) const { return kRoundings * epsilon_ * std::max(std::abs(base_), std::abs(loss)); }

  double loss_at(double t) {
    moved_.to(direction_.vector * t);
    ++forwards_;
    return loss_on(problem_.batches);
  }

  // Whether the loss there is the lowest so far, beyond its rounding.
  bool improves(double t, double loss) {
    const double gain = base_ - loss;
    if (!(gain > resolution(loss)) || !(gain > gain_) || !std::isfinite(loss)) return false;
    gain_ = gain;
    best_ = t;
    return true;
  }

  double first_step() const {
    const double seen = std::sqrt(2.0 * resolution(base_) / std::abs(direction_.curvature));
    const double least = std::sqrt(epsilon_) * size_;
    return std::min(std::isfinite(seen) ? std::max(seen, least) : least, size_);
  }

  void follow(double sign) {
    int worse = 0;
    for (double t = first_step(); t <= kFarthest * size_; t *= 2.0) {
      const double loss = loss_at(sign * t);
      const bool rises = !(loss <= base_ + resolution(loss));  // NaN rises, too
      if (improves(sign * t, loss)) {
        worse = 0;
        still_falling_ = 2.0 * t > kFarthest * size_;
      } else if (rises || sign * best_ > 0.0) {
        if (++worse == 2) return;
      }
    }
  }

  // Golden section between the neighbours of the best step on the ladder (Kiefer 1953).
  void refine() {
    constexpr int kEvaluations = 12;
    constexpr double kGolden = 0.6180339887498949;
    double low = 0.5 * best_, high = 2.0 * best_;
    const auto inner = [&](double share) { return low + share * (high - low); };
    const auto look = [&](double t) {
      const double loss = loss_at(t);
      improves(t, loss);
      return std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity();
    };
    double left = look(inner(1.0 - kGolden)), right = look(inner(kGolden));
    for (int i = 2; i < kEvaluations; ++i) {
      if (left < right) {
        high = inner(kGolden);
        right = left;
        left = look(inner(1.0 - kGolden));
      } else {
        low = inner(1.0 - kGolden);
        left = right;
        right = look(inner(kGolden));
      }
    }
  }

  Interval elsewhere() {
    std::vector<double> gains;
    for (const bool moved : {false, true}) {
      moved ? moved_.to(direction_.vector * best_) : moved_.back();
      for (std::size_t i = 0; i < problem_.independent.size(); ++i) {
        const double loss = loss_on({{problem_.independent[i].loss, 1.0}});
        ++forwards_;
        if (moved) {
          gains[i] -= loss;
        } else {
          gains.push_back(loss);
        }
      }
    }
    return mean_interval(gains);
  }

  const SurveyProblem& problem_;
  const EscapeDirection& direction_;
  Moved moved_;
  double epsilon_ = 0.0, base_ = 0.0, size_ = 1.0;
  double best_ = 0.0, gain_ = 0.0;
  bool still_falling_ = false;
  int forwards_ = 1;
};

}  // namespace

Survey::Escape try_escape(const SurveyProblem& problem, const EscapeDirection& direction) {
  return LineSearch(problem, direction).run();
}

}  // namespace thalweg
