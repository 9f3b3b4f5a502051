#include "thalweg/diagnose/ill_conditioned_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/diagnose/rate.h"
#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kTextbook = "Goodfellow, Bengio, Courville 2016, section 8.2.1";

std::optional<double> value_at(std::span<const Point> series, std::int64_t step) {
  const auto here = within(series, {step, step});
  return here.empty() ? std::nullopt : std::optional(here.front().value);
}

// u'Hu of each step at which it was measured: forward-only, else exact. One kind for the whole run, so that halves are
// comparable.
std::span<const Point> curvature_of(const History& history) {
  const auto secant = history.series(Quantity::curvature_secant);
  const auto exact = history.series(Quantity::curvature_along_update);
  return secant.size() >= exact.size() ? secant : exact;
}

// g'Hg ≈ u'Hu/u'u · g'g
std::vector<Point> curvature_along_gradient(const History& history) {
  const auto updates = history.series(Quantity::update_sq), gradients = history.series(Quantity::gradient_sq);
  std::vector<Point> result;
  for (const Point& point : curvature_of(history)) {
    const auto uu = value_at(updates, point.step), gg = value_at(gradients, point.step);
    if (uu && gg && *uu > 0.0) result.push_back({point.step, point.value / *uu * *gg, point.error});
  }
  return result;
}

// Steps that go uphill on their own batch (1) or not (0): as measured, or else as the quadratic model predicts. Uphill
// is a rise above the error bar and above a small share of what the slope |g'u| promised: at the edge of stability ρ
// stays just above 1 for long.
std::vector<Point> uphill_steps(const History& history, double share) {
  const auto actual = history.series(Quantity::actual_change), predicted = history.series(Quantity::predicted_change);
  const bool measured = actual.size() >= predicted.size();
  const auto curvature = history.series(measured ? Quantity::curvature_secant : Quantity::curvature_along_update);
  std::vector<Point> result;
  for (const Point& point : measured ? actual : predicted) {
    const double noise = std::isnan(point.error) ? 0.0 : static_cast<double>(point.error);
    const double slope = std::abs(point.value - 0.5 * value_at(curvature, point.step).value_or(0.0));
    const double limit = noise + (std::isfinite(slope) ? share * slope : 0.0);
    result.push_back({point.step, !(point.value <= limit) ? 1.0 : 0.0, 0.0F});
  }
  return result;
}

struct Half {
  double gradient = 0.0;
  double curvature = 0.0;
  double loss = 0.0;
  double scatter = 0.0;
};

Half half_of(const History& history, std::span<const Point> curvature, Steps steps) {
  auto sizes = values(within(curvature, steps));
  for (double& value : sizes) value = std::abs(value);
  const auto losses = values(within(history.series(Quantity::loss), steps));
  return {median(values(within(history.series(Quantity::gradient_sq), steps))), median(std::move(sizes)),
          median(losses), scatter(losses)};
}

struct Comparison {
  Steps steps;  // of the whole window
  Half early, late;
  double uphill = 0.0;  // share of the late steps
};

bool is_ill_conditioned(const Comparison& c, const IllConditionedStepOptions& options) {
  const bool keeps = c.late.gradient >= options.shrunk * c.early.gradient;
  const bool bends = c.late.curvature >= options.growth * c.early.curvature;
  const bool rises = c.late.loss > c.early.loss + c.early.scatter;
  const bool swings = c.late.loss >= c.early.loss && c.late.scatter >= options.oscillation * c.early.scatter;
  return keeps && bends && (rises || swings) && c.uphill > options.uphill;
}

// The windows that end now, shortest first, as far as both halves have enough readings.
std::vector<Comparison> comparisons(const History& history, const IllConditionedStepOptions& options) {
  const auto curvature = curvature_along_gradient(history);
  const auto uphill = uphill_steps(history, 0.0);
  const std::int64_t last = history.last_step(), first = first_step(history.series(Quantity::loss));
  const auto enough = static_cast<std::size_t>(options.readings);
  std::vector<Comparison> result;
  for (std::int64_t size = options.window; size <= options.longest && last - size / 2 + 1 > first; size *= 2) {
    const Steps early{std::max(first, last - size + 1), last - size / 2}, late{last - size / 2 + 1, last};
    if (within(curvature, early).size() < enough || within(curvature, late).size() < enough) continue;
    const auto up = values(within(uphill, late));
    const double share =
        up.empty() ? 0.0 : static_cast<double>(std::ranges::count(up, 1.0)) / static_cast<double>(up.size());
    result.push_back(
        {{early.first, last}, half_of(history, curvature, early), half_of(history, curvature, late), share});
  }
  return result;
}

double evidence_of(const History& history, const IllConditionedStepOptions& options) {
  SignEvidence evidence({.q = options.healthy_uphill});
  for (const Point& step : uphill_steps(history, options.rise)) evidence.add(step.value > 0.0);
  return evidence.value();
}

// The loss has just been thrown above all that it was at the start, and is still there.
bool is_up(const History& history) {
  const auto level = loss_level(history);
  return level && (level->diverged || (level->up && level->recent_few > level->ceiling));
}

Finding finding_of(const History& history, const Comparison& c, double evidence,
                   const IllConditionedStepOptions& options) {
  Finding finding;
  finding.code = "ill_conditioned_step";
  finding.severity = Severity::fault;
  finding.first_step = c.steps.first;
  finding.last_step = c.steps.last;
  finding.message = fmt::format(
      "Within {} steps g'Hg grew {:.2g}-fold while g'g did not shrink ({:.2g} to {:.2g}), {:.0f}% of the late steps "
      "went uphill on their own batch, and the "
      "loss went from {:.3g} to {:.3g}: curvature eats what the slope gains.",
      c.steps.last - c.steps.first + 1, c.late.curvature / c.early.curvature, c.early.gradient, c.late.gradient,
      100.0 * c.uphill, c.early.loss, c.late.loss);
  const std::string source(kTextbook);
  finding.evidence = {
      {Quantity::curvature_along_gradient, "", c.late.curvature, options.growth * c.early.curvature,
       fmt::format("{:.2g} times the early half; {}; from u'Hu/u'u g'g", options.growth, source)},
      {Quantity::gradient_sq, "", c.late.gradient, options.shrunk * c.early.gradient, "the early half; " + source},
      {Quantity::loss, "", c.late.loss, c.early.loss, "the early half"},
      {Quantity::actual_change, "", c.uphill, options.uphill,
       fmt::format("share of steps uphill; e-value {:.3g}, limit {:.3g} (Ville 1939; Shin, Ramdas, Rinaldo 2023)",
                   evidence, 1.0 / options.alpha)}};
  const Steps late{(c.steps.first + c.steps.last) / 2, c.steps.last};
  if (const auto rho = largest_overshoot(history, late))
    finding.evidence.push_back({Quantity::overshoot, "", *rho, 1.0, source});
  if (const auto remedy = change_rate(history, rate_factor(history, late), c.steps.last)) {
    finding.message += fmt::format(" Lower {} to about {}.", remedy->lever, remedy->value);
    finding.remedies.push_back(*remedy);
  }
  return finding;
}

}  // namespace

Judgement judge_ill_conditioned_step(const History& history, const IllConditionedStepOptions& options) {
  const auto windows = comparisons(history, options);
  const double evidence = evidence_of(history, options);
  const auto ill = std::ranges::find_if(windows, [&](const Comparison& c) { return is_ill_conditioned(c, options); });
  if (ill != windows.end() && (evidence >= 1.0 / options.alpha || is_up(history))) {
    return {.verdict = Verdict::fault, .findings = {finding_of(history, *ill, evidence, options)}, .reason = {}};
  }
  if (windows.empty()) {
    return {.verdict = Verdict::cannot_tell,
            .findings = {},
            .reason = fmt::format("{} curvatures along the step were read, {} within {} steps or more tell",
                                  curvature_of(history).size(), 2 * options.readings, options.window)};
  }
  return {.verdict = Verdict::healthy,
          .findings = {},
          .reason = "g'Hg does not grow tenfold with the loss and against g'g"};
}

}  // namespace thalweg
