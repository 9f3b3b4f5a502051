#include "thalweg/diagnose/gradient_in_depth.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kSource = "Glorot, Bengio 2010; limit from bench/depth_trains_bench.cpp";

Judgement healthy(std::string reason) {
  return {.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
}

// The gradient on its way, first layer first.
struct Way {
  Quantity quantity = Quantity::activation_gradient_rms;
  std::vector<std::string> layers;
  std::vector<double> sizes;
  std::int64_t step = 0;
  Judgement otherwise;  // where nothing can be compared

  double gain() const { return sizes.front() / sizes.back(); }
};

// Median of a series' last readings.
double lately(std::span<const Point> series) {
  constexpr std::size_t kReadings = 3;
  return median(values(series.last(std::min(kReadings, series.size()))));
}

// Of the layers; without the outputs' own, whose gradient is the loss's.
Way by_layers(const History& history) {
  Way way;
  for (const Scope scope : history.scopes(Quantity::activation_gradient_rms)) {
    const auto series = history.series(Quantity::activation_gradient_rms, scope);
    way.layers.push_back(history.scopes_table.name(scope));
    way.sizes.push_back(lately(series));
    way.step = std::max(way.step, series.back().step);
  }
  if (!way.sizes.empty()) {
    way.layers.pop_back();
    way.sizes.pop_back();
  }
  return way;
}

// Of the weights, in order of the parameters; biases and norms' scales have no length that means anything.
Way by_weights(const History& history) {
  Way way{.quantity = Quantity::gradient_sq, .layers = {}, .sizes = {}, .otherwise = {}};
  for (const Scope scope : history.scopes(Quantity::gradient_sq)) {
    const std::string& name = history.scopes_table.name(scope);
    const auto gradients = history.series(Quantity::gradient_sq, scope),
               weights = history.series(Quantity::weight_sq, scope);
    if (!name.ends_with(".weight") || weights.empty()) continue;
    if (name.find("norm") != std::string::npos || name.find(".bn") != std::string::npos) continue;
    way.layers.push_back(name);
    way.sizes.push_back(std::sqrt(lately(gradients) * lately(weights)));
    way.step = std::max(way.step, gradients.back().step);
  }
  return way;
}

Way way_of(const History& history, const GradientInDepthOptions& options) {
  Way way = by_layers(history);
  if (way.sizes.empty()) way = by_weights(history);
  const auto fewest = static_cast<std::size_t>(options.layers);
  if (way.sizes.empty()) {
    way.otherwise.reason = "the gradients of single layers were not read";
  } else if (way.sizes.size() < fewest) {
    way.otherwise = healthy(fmt::format("there are {} hidden layers; it takes {} for depth to make a power of a factor",
                                        way.sizes.size(), options.layers));
  }
  return way;
}

// Whether no step between two layers makes more than its share of the change.
bool is_spread(const Way& way, const GradientInDepthOptions& options) {
  double largest = 0.0;
  for (std::size_t l = 0; l + 1 < way.sizes.size(); ++l) {
    if (!(way.sizes[l] > 0.0) || !(way.sizes[l + 1] > 0.0)) return false;
    largest = std::max(largest, std::abs(std::log(way.sizes[l] / way.sizes[l + 1])));
  }
  return std::isfinite(largest) && largest <= options.one_step * std::abs(std::log(way.gain()));
}

struct Harm {
  std::string words;
  Evidence evidence;
};

std::optional<Harm> nothing_learnt(const History& history, const GradientInDepthOptions& options) {
  const auto level = loss_level(history, options.level);
  if (!level || std::ssize(history.series(Quantity::loss)) < options.steps) return std::nullopt;
  const double limit = options.stuck * level->floor;
  if (level->recent < limit) return std::nullopt;
  return Harm{
      .words = fmt::format("after {} steps the loss is still at {:.3g}", history.last_step() + 1, level->recent),
      .evidence = {Quantity::loss, "", level->recent, limit, "limit as for learning_rate_too_high"}};
}

std::optional<Harm> thrown(const History& history, const GradientInDepthOptions& options) {
  const auto level = loss_level(history, options.level);
  if (!level || !(level->diverged || (level->up && level->stayed_up))) return std::nullopt;
  const double limit = options.level.thrown * level->ceiling;
  if (!level->diverged && level->highest < limit) {
    // One loss, or the loss of what was learnt, tells without three in a row: what counts is where it is since.
    return Harm{.words = fmt::format("the loss has been up since step {}, and is at {:.3g}", *level->up, level->recent),
                .evidence = {Quantity::loss, "", level->recent, options.stuck * level->floor,
                             "limit as for learning_rate_too_high"}};
  }
  return Harm{.words = fmt::format("the loss was thrown up to {:.3g}", level->highest),
              .evidence = {Quantity::loss, "", level->highest, limit, "limit as for learning_rate_too_high"}};
}

struct Kind {
  std::string code;
  std::string advice;
  double limit = 0.0;
  std::vector<Remedy> remedies;
};

Remedy remedy(const char* lever, const char* value) { return {.lever = lever, .value = value, .trial = {}}; }

Judgement fault(const Way& way, const Kind& kind, const Harm& harm) {
  Finding finding{.code = kind.code, .severity = Severity::fault};
  finding.last_step = way.step;
  const double factor = std::pow(way.gain(), 1.0 / static_cast<double>(way.sizes.size() - 1));
  finding.message = fmt::format(
      "The gradient at {} is {:.2g} times that at {}: each of the {} layers between makes it {:.2g}-fold. The harm: "
      "{}. "
      "{}",
      way.layers.front(), way.gain(), way.layers.back(), way.sizes.size() - 1, factor, harm.words, kind.advice);
  finding.evidence = {
      {way.quantity, way.layers.front(), way.sizes.front(), kind.limit * way.sizes.back(), std::string(kSource)},
      harm.evidence};
  finding.remedies = kind.remedies;
  return {.verdict = Verdict::fault, .findings = {finding}, .reason = {}};
}

}  // namespace

Judgement judge_vanishing_gradient(const History& history, const GradientInDepthOptions& options) {
  const Way way = way_of(history, options);
  if (!way.otherwise.reason.empty()) return way.otherwise;
  if (!(way.gain() <= options.vanished) || !is_spread(way, options)) {
    return healthy(fmt::format("the first layer's gradient is {:.2g} times the last hidden one's", way.gain()));
  }
  const auto harm = nothing_learnt(history, options);
  if (!harm)
    return healthy(
        fmt::format("the gradient falls to {:.2g} on its way, and the loss falls in spite of it", way.gain()));
  return fault(way,
               {.code = "vanishing_gradient",
                .advice = "Start with weights that keep its size (model.init.kind = \"orthogonal\", or \"lsuv\", which "
                          "measures it), or let it go round the layers: residual, or a normalisation before each "
                          "activation.",
                .limit = options.vanished,
                .remedies = {remedy("model.init.kind", "\"orthogonal\""), remedy("model.init.kind", "\"lsuv\"")}},
               *harm);
}

Judgement judge_exploding_gradient(const History& history, const GradientInDepthOptions& options) {
  const Way way = way_of(history, options);
  if (!way.otherwise.reason.empty()) return way.otherwise;
  if (!(way.gain() >= options.exploded) || !is_spread(way, options)) {
    return healthy(fmt::format("the first layer's gradient is {:.2g} times the last hidden one's", way.gain()));
  }
  auto harm = nothing_learnt(history, options);
  if (!harm) harm = thrown(history, options);
  if (!harm)
    return healthy(
        fmt::format("the gradient grows {:.2g}-fold on its way, and the loss falls in spite of it", way.gain()));
  return fault(way,
               {.code = "exploding_gradient",
                .advice = "Start with smaller weights (model.init.kind = \"orthogonal\", or \"lsuv\", which measures "
                          "them); clipping (optimizer.clip_norm = 1.0) bounds the step, and leaves the layers unequal.",
                .limit = options.exploded,
                .remedies = {remedy("model.init.kind", "\"orthogonal\""), remedy("model.init.kind", "\"lsuv\""),
                             remedy("optimizer.clip_norm", "1.0")}},
               *harm);
}

}  // namespace thalweg
