#include "thalweg/survey/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace thalweg {
namespace {

enum class Size { small, not_small, unknown };
enum class Ground { rounding, decline, noise, none };

struct Smallness {
  Size size = Size::unknown;
  Ground ground = Ground::none;
  std::string reason;
  std::string would_take;
};

bool sampled(const Survey::Gradient& g) { return g.samples > 0 && std::isfinite(g.norm_sq.high); }
double upper_norm(const Survey::Gradient& g) { return std::sqrt(std::max(0.0, g.norm_sq.high)); }

Smallness smallness(const Survey::Gradient& g, const VerdictOptions& o) {
  if (g.norm <= o.roundings * g.rounding) {
    return {Size::small, Ground::rounding,
            fmt::format("the gradient is no longer than its rounding: {:.3g}, where a change in the last bit of the "
                        "weights makes {:.3g}",
                        g.norm, g.rounding),
            ""};
  }
  const double most = sampled(g) ? upper_norm(g) : g.norm;
  if (std::isfinite(g.at_start) && most <= o.decline * g.at_start) {
    return {Size::small, Ground::decline,
            fmt::format("the gradient is at most {:.2g} times as long as before the first step ({:.3g}, {:.3g} then)",
                        most / g.at_start, most, g.at_start),
            ""};
  }
  if (sampled(g) && g.norm_sq.low <= 0.0 && g.norm_sq.high <= g.noise_sq) {
    return {Size::small, Ground::noise,
            fmt::format("the gradient cannot be told from zero: at most {:.3g} long, where sampling alone gives the "
                        "mean over {} batches a length of {:.3g}",
                        most, g.samples, std::sqrt(g.noise_sq)),
            ""};
  }
  if (sampled(g) && g.norm_sq.low <= 0.0) {
    return {Size::unknown, Ground::none, fmt::format("the gradient is not resolved: somewhere from 0 to {:.3g}", most),
            "more batches: the interval of the gradient's length shrinks with their number (--batches)"};
  }
  const std::string noise = sampled(g)
                                ? fmt::format(", {:.2g} times what sampling alone makes of the mean over {} batches",
                                              std::sqrt(std::max(0.0, g.norm_sq.value) / g.noise_sq), g.samples)
                                : fmt::format(" on these batches, {:.2g} times its rounding", g.norm / g.rounding);
  const std::string start = std::isfinite(g.at_start)
                                ? fmt::format("; {:.2g} of what it was before the first step", g.norm / g.at_start)
                                : "";
  return {Size::not_small, Ground::none,
          fmt::format("there is a slope: the gradient is {:.3g} long{}{}",
                      sampled(g) ? std::sqrt(std::max(0.0, g.norm_sq.value)) : g.norm, noise, start),
          ""};
}

double steepest(const Survey& s) {
  double result = 0.0;
  for (const auto* end : {&s.top, &s.bottom}) {
    for (const Survey::Eigenvalue& e : *end) result = std::max(result, std::abs(e.value));
  }
  return result;
}

bool certainly_negative(const Survey& s) { return !s.bottom.empty() && s.bottom.front().high < -s.noise; }

const Survey::CrossFit* cross_fitted_bottom(const Survey& s) {
  const auto found = std::ranges::find_if(s.cross_fitted, [](const auto& c) { return !c.top && c.rank == 1; });
  return found == s.cross_fitted.end() ? nullptr : &*found;
}

// Whether the flattest direction goes down although its curvature does not: by more than its slope explains.
bool falls_at_higher_order(const Survey& s) {
  if (!s.escape || !(s.escape->gain > 0.0)) return false;
  const Survey::Escape& e = *s.escape;
  return e.gain > 2.0 * std::abs(e.slope) * e.length + 2.0 * e.resolution + 0.5 * s.noise * e.length * e.length;
}

void conclude(Survey& s, SurveyVerdict verdict, const std::string& reason, const std::string& would_take = "") {
  s.verdict = verdict;
  s.reasons.push_back(reason);
  s.would_take = would_take;
}

std::string curvature_words(const Survey& s) {
  const Survey::Eigenvalue& e = s.bottom.front();
  return fmt::format("the most negative curvature is {:.4g}, certainly below zero (at most {:.3g})", e.value, e.high);
}

void judge_downward(Survey& s, const Smallness& small) {
  s.reasons.push_back(curvature_words(s));
  if (const Survey::CrossFit* cross = cross_fitted_bottom(s)) {
    const bool negative = cross->elsewhere.high < 0.0;
    const std::string words =
        fmt::format("along the same direction {} independent batches have {:.3g} [{:.3g}, {:.3g}]", cross->batches,
                    cross->elsewhere.value, cross->elsewhere.low, cross->elsewhere.high);
    if (!negative && small.ground != Ground::rounding) {
      return conclude(s, SurveyVerdict::cannot_tell,
                      words + ", which does not exclude zero: it may be these batches' own",
                      "a direction from more batches (--batches)");
    }
    s.reasons.push_back(words);
  }
  const double gain = s.escape ? s.escape->gain : 0.0;
  const double hidden = std::max(0.0, s.gradient.norm_sq.high) / (2.0 * steepest(s));
  if (small.ground == Ground::noise && !(gain >= hidden)) {
    return conclude(
        s, SurveyVerdict::cannot_tell,
        fmt::format("the way down along it gains {:.3g}, no more than a step along the slope that the noise "
                    "may hide ({:.3g})",
                    gain, hidden),
        "more batches, which bound the hidden slope (--batches)");
  }
  conclude(s, SurveyVerdict::saddle,
           gain > 0.0
               ? fmt::format("a step of length {:.3g} that way lowers the loss by {:.3g}", s.escape->length, gain)
               : "no step that way was seen to lower the loss beyond its rounding: it is very flat");
}

void judge_upward(Survey& s, const VerdictOptions& o) {
  const double scale = steepest(s), epsilon = o.flatness * scale;
  if (!(scale > s.noise)) {
    const bool falls = s.escape && s.escape->gain > 0.0;
    return conclude(s, SurveyVerdict::cannot_tell,
                    fmt::format("the Hessian vanishes here, so that the second derivative tells nothing{}",
                                falls ? fmt::format("; along one direction the loss falls all the same, by {:.3g} over "
                                                    "a length of {:.3g}",
                                                    s.escape->gain, s.escape->length)
                                      : ""),
                    "higher derivatives, or slices (--slices); a small random step and a new survey");
  }
  if (falls_at_higher_order(s)) {
    return conclude(
        s, SurveyVerdict::cannot_tell,
        fmt::format("along the flattest direction, where curvature is {:.3g}, the loss falls by {:.3g} over a "
                    "length of {:.3g}: higher derivatives lead down",
                    s.bottom.front().value, s.escape->gain, s.escape->length),
        "a step that way, and a new survey");
  }
  if (std::isfinite(s.below) && s.below >= -epsilon) {
    return conclude(
        s, SurveyVerdict::minimum,
        fmt::format("no direction is bent down by more than {:.3g} ({:.2g} of the steepest curvature), with "
                    "a probability of {:.4g}",
                    std::max(0.0, -s.below), std::max(0.0, -s.below) / scale, s.certainty));
  }
  conclude(
      s, SurveyVerdict::cannot_tell,
      fmt::format("no direction that goes down was found, but one bent by as much as {:.3g} is not excluded", -s.below),
      "more Hessian-vector products (--products)");
}

bool finite(Survey& s) {
  if (std::isfinite(s.loss) && std::isfinite(s.gradient.norm) && s.not_finite.empty()) return true;
  const std::string where = s.not_finite.empty() ? "" : fmt::format(": {}", fmt::join(s.not_finite, ", "));
  conclude(s, SurveyVerdict::cannot_tell, fmt::format("values are not finite{}", where),
           "a checkpoint from before they appeared");
  return false;
}

}  // namespace

void judge(Survey& survey, const VerdictOptions& options) {
  survey.reasons.clear();
  if (!finite(survey)) return;
  const Smallness small = smallness(survey.gradient, options);
  if (small.size == Size::not_small) return conclude(survey, SurveyVerdict::not_critical, small.reason);
  if (small.size == Size::unknown) return conclude(survey, SurveyVerdict::cannot_tell, small.reason, small.would_take);
  survey.reasons.push_back(small.reason);
  if (survey.bottom.empty() || survey.top.empty()) {
    return conclude(survey, SurveyVerdict::cannot_tell, "the ends of the spectrum were not measured",
                    "a survey with --top 1 --bottom 1");
  }
  if (certainly_negative(survey)) return judge_downward(survey, small);
  judge_upward(survey, options);
}

}  // namespace thalweg
