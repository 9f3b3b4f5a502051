#include "thalweg/diagnose/saturated_units.h"

#include <fmt/format.h>

#include <algorithm>

#include "thalweg/diagnose/unit_share.h"

namespace thalweg {
namespace {

constexpr std::string_view kSource = "Glorot, Bengio 2010; limit from tools/unit_limits.py";

Finding finding_of(const UnitShare& share, const LossLevel& level, const SaturatedUnitsOptions& options) {
  Finding finding{.code = "saturated_units", .severity = Severity::fault, .scope = share.layer};
  finding.first_step = share.first_step;
  finding.last_step = share.last_step;
  finding.message = fmt::format(
      "{:.0f}% of the units of {} are flat on nearly all rows: hardly any gradient gets through them, and the loss is "
      "still at {:.3g}. Start with smaller weights (model.init.kind = \"default\"), and standardise the inputs "
      "(data.input_scaling = \"standardize\") where they are large; a normalisation before the activation keeps units "
      "where they bend.",
      100.0 * share.last, share.layer, level.recent);
  finding.evidence = {{Quantity::saturated_units, share.layer, share.last, options.many, std::string(kSource)},
                      {Quantity::loss, "", level.recent, options.slow * level.floor, "limit as for input_scale"}};
  finding.remedies = {{.lever = "model.init.kind", .value = "\"default\"", .trial = {}},
                      {.lever = "data.input_scaling", .value = "\"standardize\"", .trial = {}}};
  return finding;
}

}  // namespace

Judgement judge_saturated_units(const History& history, const SaturatedUnitsOptions& options) {
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  const auto share = highest_share(history, Quantity::saturated_units, options.many);
  if (!share) {
    if (history.scopes(Quantity::dead_units).empty()) {
      return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = std::string(kNotCounted)};
    }
    return healthy("no layer has an activation that goes flat on both sides, or below");
  }
  const std::string words =
      fmt::format("at most {:.0f}% of a layer's units are saturated ({})", 100.0 * share->last, share->layer);
  if (std::min(share->last, share->before) < options.many) return healthy(words);
  const auto slow = not_learnt(history, options.level, options.steps, options.slow);
  if (!slow) return healthy(words + ", and the loss falls in spite of it");
  return {.verdict = Verdict::fault, .findings = {finding_of(*share, *slow, options)}, .reason = {}};
}

}  // namespace thalweg
