#include "thalweg/diagnose/saddle_point.h"

#include <fmt/format.h>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kSource = "Dauphin, Pascanu, Gulcehre, Cho, Ganguli, Bengio 2014";

Finding finding_of(const Look& look, const SaddlePointOptions& options) {
  const double floor = look.standing.floor;
  Finding finding{.code = "saddle_point", .severity = Severity::fault};
  finding.first_step = look.standing.first;
  finding.last_step = look.standing.last;
  finding.message = fmt::format(
      "{} The gradient is all but gone, and yet there is a way down: along the direction of the most negative "
      "curvature "
      "({:.2g} ± {:.1g}) a walk of length {:.2g} lowers the loss by {:.2g} ± {:.1g}, on rows that it was not made "
      "from. "
      "Weights that are equal or zero start on such a point: draw them at random (model.init.kind = \"default\"). A "
      "run "
      "that came here by itself is helped over it by momentum, smaller batches or a higher optimizer.lr.",
      standing_words(look.standing), look.escape_curvature->value, look.escape_curvature->error, look.escape_length,
      look.escape_gain->value, look.escape_gain->error);
  finding.evidence = {
      {Quantity::escape_gain, "", look.escape_gain->value, options.gain * floor,
       fmt::format("{:.2g} of the lower of the first and the best constant's loss; {}", options.gain, kStandingRuns)},
      {Quantity::escape_curvature, "", look.escape_curvature->value, 0.0, std::string(kSource)},
      {Quantity::gradient_norm, "", look.gradient, look.escape_gain->value / look.escape_length,
       "upper end of its interval; escape_gain over escape_length: a longer gradient would gain as much on the way"},
      {Quantity::loss, "", look.standing.level, options.standing.far * floor, std::string(kStandingRuns)}};
  finding.remedies = {{.lever = "model.init.kind", .value = "\"default\"", .trial = {}},
                      {.lever = "optimizer.momentum", .value = "0.9", .trial = {}}};
  return finding;
}

}  // namespace

Judgement judge_saddle_point(const History& history, const SaddlePointOptions& options) {
  const LookOrNot seen = look_of(history, options.standing);
  if (!seen.look) return seen.otherwise;
  const Look& look = *seen.look;
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  if (!has_way_down(look, {.share = options.gain})) {
    return healthy("the run stands still, but no direction of negative curvature leads down from there");
  }
  if (!gradient_is_small(look)) return healthy("the run stands still on a slope, which is no saddle");
  return {.verdict = Verdict::fault, .findings = {finding_of(look, options)}, .reason = {}};
}

}  // namespace thalweg
