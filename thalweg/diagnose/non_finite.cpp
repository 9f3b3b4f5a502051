#include "thalweg/diagnose/non_finite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr double kLargest = std::numeric_limits<float>::max();
constexpr std::string_view kSource = "IEEE 754: largest finite single-precision number";

// In the order in which a step makes them; what comes before the first step first.
constexpr std::array<Quantity, 10> kChain = {Quantity::input_max_abs, Quantity::target_rms, Quantity::initial_loss,
                                             Quantity::loss,          Quantity::objective,  Quantity::gradient_sq,
                                             Quantity::update_sq,     Quantity::weight_sq,  Quantity::heldout_loss,
                                             Quantity::train_loss};

struct First {
  Quantity quantity = Quantity::loss;
  Point point;
};

std::optional<Point> first_non_finite(std::span<const Point> series) {
  const auto found = std::ranges::find_if(series, [](const Point& p) { return !std::isfinite(p.value); });
  return found == series.end() ? std::nullopt : std::optional(*found);
}

std::optional<First> find_first(const History& history) {
  std::optional<First> first;
  for (const Quantity quantity : kChain) {
    for (const Scope scope : history.scopes(quantity)) {
      const auto point = first_non_finite(history.series(quantity, scope));
      if (point && (!first || point->step < first->point.step)) first = First{quantity, *point};
    }
  }
  return first;
}

struct Layers {
  std::vector<std::string> bad;
  std::size_t all = 0;
};

Layers layers_of(const History& history, const First& first) {
  Layers layers;
  for (const Scope scope : history.scopes(first.quantity)) {
    if (scope == kWholeModel) continue;
    ++layers.all;
    for (const Point& point : within(history.series(first.quantity, scope), {first.point.step, first.point.step})) {
      if (!std::isfinite(point.value)) layers.bad.push_back(history.scopes_table.name(scope));
    }
  }
  return layers;
}

struct Growth {
  Quantity quantity = Quantity::loss;
  double from = 0.0;
  double to = 0.0;
  double factor() const { return to / from; }
};

// The quantity that grew most on the way to `step`, its largest value over its level before.
Growth growth_before(const History& history, std::int64_t step, const NonFiniteOptions& options) {
  Growth most;
  for (const Quantity quantity : {Quantity::loss, Quantity::gradient_sq, Quantity::weight_sq}) {
    const auto series = history.series(quantity);
    const auto late = finite_values(within(series, {step - options.look_back, step}));
    const auto early = finite_values(within(series, {0, step - options.look_back - 1}));
    if (late.empty()) continue;
    const double to = std::ranges::max(late);
    const double from = early.empty() ? late.front() : median(early);
    if (from > 0.0 && (most.from <= 0.0 || to / from > most.factor())) most = {quantity, from, to};
  }
  return most;
}

// Training went on with finite numbers: a scaler skipped the step, or one bad row was passed over.
bool survived(const History& history, std::int64_t step) {
  const auto goes_on = [&](Quantity quantity) {
    const auto later = within(history.series(quantity), {step + 1});
    return !later.empty() && std::ranges::all_of(later, [](const Point& p) { return std::isfinite(p.value); });
  };
  return goes_on(Quantity::loss) && goes_on(Quantity::weight_sq);
}

std::string_view kind(double value) { return std::isnan(value) ? "NaN" : value > 0.0 ? "infinite" : "minus infinity"; }

std::string where(const First& first, const Layers& layers) {
  if (layers.bad.empty()) return "";
  if (layers.bad.size() == layers.all) return " in every parameter";
  const std::string list = fmt::format(
      "{}",
      fmt::join(layers.bad.begin(), layers.bad.begin() + std::min<std::ptrdiff_t>(3, std::ssize(layers.bad)), ", "));
  const std::string more = layers.bad.size() > 3 ? fmt::format(" and {} more", layers.bad.size() - 3) : "";
  const std::string broke =
      first.quantity == Quantity::gradient_sq ? fmt::format(": the backward pass broke at {}", layers.bad.back()) : "";
  return fmt::format(" in {}{} ({} of {} parameters){}", list, more, layers.bad.size(), layers.all, broke);
}

std::string advice(const First& first, const Growth& growth, bool grew) {
  if (grew) {
    return fmt::format(
        "{} had grown {:.2g}-fold before: the steps diverged; lower the learning rate or clip the gradient.",
        info(growth.quantity).name, growth.factor());
  }
  switch (first.quantity) {
    case Quantity::input_max_abs:
    case Quantity::target_rms:
      return "The data hold a value that is not finite: clean or drop the row.";
    case Quantity::gradient_sq:
      return "Nothing had grown before: an operation has no finite derivative there (sqrt or log at 0, a norm of "
             "zeros).";
    case Quantity::update_sq:
    case Quantity::weight_sq:
      return "The gradient was finite: the optimizer made it (a division by zero; look at optimizer.eps).";
    default:
      return "Nothing had grown before: look for log of 0 or 0/0 in the loss (use a loss on logits, or loss.clip), and "
             "for bad values in "
             "the data.";
  }
}

Finding finding_of(const History& history, const First& first, const NonFiniteOptions& options) {
  const Layers layers = layers_of(history, first);
  const Growth growth = growth_before(history, first.point.step, options);
  const bool grew = growth.from > 0.0 && growth.factor() > options.growth;
  const bool passed = survived(history, first.point.step);
  Finding finding;
  finding.code = "non_finite";
  finding.severity = passed ? Severity::warning : Severity::fault;
  finding.first_step = first.point.step;
  finding.last_step = passed ? first.point.step : history.last_step();
  finding.scope = layers.bad.empty() || layers.bad.size() == layers.all ? "" : layers.bad.back();
  finding.message =
      fmt::format("{} became {} at step {}{}, before anything else did{}. {}", info(first.quantity).name,
                  kind(first.point.value), first.point.step, where(first, layers),
                  passed ? "; the training went on with finite numbers" : "", advice(first, growth, grew));
  finding.evidence.push_back({first.quantity, finding.scope, first.point.value, kLargest, std::string(kSource)});
  if (grew) {
    finding.evidence.push_back({growth.quantity, "", growth.to, options.growth * growth.from,
                                fmt::format("divergence: {:.3g} times the {:.3g} of before; tools/calibrate_checks.py",
                                            options.growth, growth.from)});
  }
  return finding;
}

}  // namespace

Judgement judge_non_finite(const History& history, const NonFiniteOptions& options) {
  if (const auto first = find_first(history)) {
    Judgement judgement{.verdict = Verdict::fault, .findings = {finding_of(history, *first, options)}, .reason = {}};
    if (judgement.findings.front().severity != Severity::fault) judgement.verdict = Verdict::healthy;
    return judgement;
  }
  const auto losses = history.series(Quantity::loss);
  if (losses.empty())
    return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = "no loss was read: one step tells"};
  return {
      .verdict = Verdict::healthy, .findings = {}, .reason = fmt::format("all {} losses are finite", losses.size())};
}

}  // namespace thalweg
