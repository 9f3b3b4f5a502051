#include "thalweg/diagnose/plateau.h"

#include <fmt/format.h>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

Finding finding_of(const Look& look, const PlateauOptions& options) {
  Finding finding{.code = "plateau", .severity = Severity::fault};
  finding.first_step = look.standing.first;
  finding.last_step = look.standing.last;
  finding.message = fmt::format(
      "{} The data pull at only {:.2g}% of the weights, on any row, and no direction of negative curvature leads down: "
      "the units are dead or saturated. Start with smaller weights and biases near zero (model.init.kind = "
      "\"default\", "
      "model.init.bias = \"zeros\"); an activation that does not go flat (leaky_relu, gelu) or a normalisation before "
      "it keeps the units alive.",
      standing_words(look.standing), 100.0 * look.live_weights);
  finding.evidence = {
      {Quantity::live_weights, "", look.live_weights, options.live, std::string(kStandingRuns)},
      {Quantity::loss, "", look.standing.level, options.standing.far * look.standing.floor, std::string(kStandingRuns)},
      {Quantity::lambda_min, "", look.lambda_min->value, 0.0,
       "no way down along its direction, tried by a forward search"}};
  finding.remedies = {{.lever = "model.init.kind", .value = "\"default\"", .trial = {}},
                      {.lever = "model.init.bias", .value = "\"zeros\"", .trial = {}}};
  return finding;
}

}  // namespace

Judgement judge_plateau(const History& history, const PlateauOptions& options) {
  const LookOrNot seen = look_of(history, options.standing);
  if (!seen.look) return seen.otherwise;
  const Look& look = *seen.look;
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  if (look.live_weights >= options.live) {
    return healthy(fmt::format("the data pull at {:.0f}% of the weights", 100.0 * look.live_weights));
  }
  if (has_way_down(look)) return healthy("there is a way down: a saddle, not a plateau");
  if (look.standing.reachable && look.standing.level <= *look.standing.reachable) {
    return healthy("the run stands still, but nearest neighbours reach no lower loss");
  }
  return {.verdict = Verdict::fault, .findings = {finding_of(look, options)}, .reason = {}};
}

}  // namespace thalweg
