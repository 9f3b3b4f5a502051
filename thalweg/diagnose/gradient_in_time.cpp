#include "thalweg/diagnose/gradient_in_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kRuns = "limit from tools/time_runs.py";

Judgement healthy(std::string reason) {
  return {.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
}
Judgement cannot_tell(std::string reason) {
  return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = std::move(reason)};
}

// One recurrent layer within some steps: medians of its readings.
struct Layer {
  Scope scope = kWholeModel;
  std::string name;
  std::size_t readings = 0;
  double gain = 0.0;     // of the gradient, from the end of the sequence to its beginning
  double horizon = 0.0;  // NaN or infinite: not within the sequence
  double decay = 0.0;
  double surely = 0.0;  // lower end of the decay's bar
};

Layer layer_within(const History& history, Scope scope, Steps steps) {
  const auto in = [&](Quantity quantity) { return within(history.series(quantity, scope), steps); };
  const auto decays = in(Quantity::gradient_time_decay);
  std::vector<double> lower;
  for (const Point& p : decays) lower.push_back(std::isnan(p.error) ? p.value : p.value - p.error);
  return {.scope = scope,
          .name = history.scopes_table.name(scope),
          .readings = in(Quantity::backward_gain).size(),
          .gain = median(values(in(Quantity::backward_gain))),
          .horizon = median(values(in(Quantity::memory_horizon))),
          .decay = median(values(decays)),
          .surely = median(std::move(lower))};
}

std::vector<Layer> layers_within(const History& history, Steps steps) {
  std::vector<Layer> layers;
  for (const Scope scope : history.scopes(Quantity::backward_gain)) {
    if (scope != kWholeModel) layers.push_back(layer_within(history, scope, steps));  // the whole model's is in depth
  }
  return layers;
}

Remedy remedy(std::string lever, std::string value) {
  return {.lever = std::move(lever), .value = std::move(value), .trial = {}};
}

// As long as the sequence, by the gradient's whole fall over it and the mean fall of a step.
std::string memory_for(const Layer& layer) {
  constexpr double kFewest = 3.0, kMost = 1e6;
  const double steps = std::log(layer.gain) / layer.decay;
  return steps >= kFewest && steps <= kMost ? fmt::format("{:.0f}", steps) : "100";
}

Finding vanishing(const Layer& layer, const Standing& stands, const GradientInTimeOptions& options) {
  const bool known = stands.reachable && *stands.reachable < stands.level;
  Finding finding{.code = "vanishing_gradient", .severity = Severity::fault};
  finding.first_step = stands.first;
  finding.last_step = stands.last;
  finding.scope = layer.name;
  finding.message = fmt::format(
      "{} In {} the gradient of the last time step falls to a hundredth within {:.0f} steps back, and by a factor of "
      "{:.0e} to the beginning of the sequence: what lies further back is not learnt.{} A gated layer (gru, lstm) "
      "whose "
      "gates begin to remember as long as the sequence (memory), or recurrent weights that start orthogonal or as the "
      "identity, carry it further.",
      standing_words(stands), layer.name, layer.horizon, 1.0 / std::max(layer.gain, 1e-99),
      known ? "" : " Whether there is anything to be learnt from so far back is not known.");
  finding.evidence = {
      {Quantity::backward_gain, layer.name, layer.gain, options.vanished, std::string(kRuns)},
      {Quantity::loss, "", stands.level, options.standing.far * stands.floor, std::string(kStandingRuns)}};
  finding.remedies = {remedy("model.layers.type", "\"gru\""), remedy("model.layers.memory", memory_for(layer)),
                      remedy("model.init.kind", "\"orthogonal\""), remedy("model.init.kind", "\"identity\"")};
  return finding;
}

Finding exploding(const Layer& layer, Steps steps, const LossLevel& level, const GradientInTimeOptions& options) {
  Finding finding{.code = "exploding_gradient", .severity = Severity::fault};
  finding.first_step = steps.first;
  finding.last_step = steps.last;
  finding.scope = layer.name;
  const std::string harm =
      level.up ? fmt::format("The loss was thrown up to {:.3g} at step {}.", level.at_up, *level.up)
               : fmt::format("The loss has not come below {:.3g}, that of a constant prediction.", level.recent);
  finding.message = fmt::format(
      "{} In {} the gradient of the last time step grows by e^{:.2g} with each step back in time, {:.0e} times to the "
      "beginning of the sequence. Clip it (optimizer.clip_norm = 1.0), start the recurrent weights orthogonal, whose "
      "radius is 1, or let it go back fewer steps (truncate).",
      harm, layer.name, layer.decay, layer.gain);
  finding.evidence = {
      {Quantity::backward_gain, layer.name, layer.gain, options.exploded, std::string(kRuns)},
      {Quantity::gradient_time_decay, layer.name, layer.decay, 0.0, "definition; above it beyond its error bar"}};
  finding.remedies = {remedy("optimizer.clip_norm", "1.0"), remedy("model.init.kind", "\"orthogonal\""),
                      remedy("model.layers.truncate", "20")};
  return finding;
}

bool vanishes(const Layer& layer, const GradientInTimeOptions& options) {
  return layer.gain <= options.vanished && std::isfinite(layer.horizon);
}
bool explodes(const Layer& layer, const GradientInTimeOptions& options) {
  return layer.gain >= options.exploded && layer.surely > 0.0;
}

}  // namespace

Judgement judge_vanishing_gradient_in_time(const History& history, const GradientInTimeOptions& options) {
  if (layers_within(history, {}).empty()) return healthy("no recurrent layer was measured");
  const StandingOrNot stands = standing(history, options.standing);
  if (!stands.standing) return stands.otherwise;
  const Standing& s = *stands.standing;
  Judgement judgement = healthy("the gradient reaches back in time");
  // By the last quarter: the level of a stand is the lower of two medians, and noise alone takes that down.
  const auto level = loss_level(history, options.standing.level);
  const bool nothing_learnt = level && level->recent >= options.standing.level.stuck * s.floor;
  for (const Layer& late : layers_within(history, {s.first, s.last})) {
    const Layer layer = late.readings == 0 && nothing_learnt ? layer_within(history, late.scope, {}) : late;
    if (layer.readings == 0) {
      return cannot_tell(fmt::format("the loss stands still, and {} was not measured since", layer.name));
    }
    if (!vanishes(layer, options)) continue;
    judgement.findings.push_back(vanishing(layer, s, options));
    if (nothing_learnt) {
      judgement.verdict = Verdict::fault;
      judgement.reason.clear();
    } else {
      judgement.findings.back().severity = Severity::note;
      judgement.reason = fmt::format("{} forgets, but something was learnt all the same", layer.name);
    }
  }
  return judgement;
}

Judgement judge_exploding_gradient_in_time(const History& history, const GradientInTimeOptions& options) {
  if (layers_within(history, {}).empty()) return healthy("no recurrent layer was measured");
  const auto level = loss_level(history, options.standing.level);
  if (!level) return cannot_tell("no loss was read");
  const bool stuck = level->recent >= options.standing.level.stuck * level->floor;
  if (!level->up && !level->diverged && !stuck) return healthy("the loss was not thrown up");
  const bool lost = level->diverged || level->stayed_up || stuck;
  if (!lost) return healthy("the loss came down again");
  const Steps before{0, level->up.value_or(history.last_step())};
  if (!level->up && history.last_step() < std::int64_t{2} * options.standing.steps)
    return cannot_tell("the run has only begun");
  Judgement judgement = healthy("no gradient grows on its way back in time");
  for (const Layer& layer : layers_within(history, before)) {
    if (layer.readings == 0 || !explodes(layer, options)) continue;
    judgement.verdict = Verdict::fault;
    judgement.reason.clear();
    judgement.findings.push_back(exploding(layer, before, *level, options));
  }
  return judgement;
}

}  // namespace thalweg
