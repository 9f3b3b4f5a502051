#include "thalweg/diagnose/dead_units.h"

#include <fmt/format.h>

#include <algorithm>

#include "thalweg/diagnose/unit_share.h"

namespace thalweg {
namespace {

constexpr std::string_view kSource = "Lu, Shin, Su, Karniadakis 2020; limit from tools/unit_limits.py";

Finding finding_of(const UnitShare& share, double limit) {
  Finding finding{.code = "dead_units", .severity = Severity::warning, .scope = share.layer};
  finding.first_step = share.first_step;
  finding.last_step = share.last_step;
  finding.evidence = {{Quantity::dead_units, share.layer, share.last, limit, std::string(kSource)}};
  finding.remedies = {{.lever = "model.init.kind", .value = "\"default\"", .trial = {}},
                      {.lever = "model.init.bias", .value = "\"zeros\"", .trial = {}}};
  return finding;
}

}  // namespace

Judgement judge_dead_units(const History& history, const DeadUnitsOptions& options) {
  const auto share = highest_share(history, Quantity::dead_units, options.many);
  if (!share) return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = std::string(kNotCounted)};
  const auto stuck = not_learnt(history, options.level, options.steps, options.stuck);
  if (share->last >= options.dead && stuck) {
    Finding finding = finding_of(*share, options.dead);
    finding.severity = Severity::fault;
    finding.message = fmt::format(
        "{:.0f}% of the units of {} are off on every row: no gradient gets through them, and the loss is still at "
        "{:.3g}. Start with smaller weights and biases near zero (model.init.kind = \"default\", model.init.bias = "
        "\"zeros\"); an activation that does not go flat (leaky_relu, gelu) keeps units alive. Where a step killed "
        "them, lower optimizer.lr.",
        100.0 * share->last, share->layer, stuck->recent);
    finding.evidence.push_back(
        {Quantity::loss, "", stuck->recent, options.stuck * stuck->floor, "limit as for learning_rate_too_high"});
    return {.verdict = Verdict::fault, .findings = {finding}, .reason = {}};
  }
  const std::string reason =
      fmt::format("at most {:.0f}% of a layer's units are dead ({})", 100.0 * share->last, share->layer);
  if (std::min(share->last, share->before) < options.many) {
    return {.verdict = Verdict::healthy, .findings = {}, .reason = reason};
  }
  Finding finding = finding_of(*share, options.many);
  finding.message = fmt::format(
      "{:.0f}% of the units of {} are off on every row. The network learns in spite of it, with less width than it "
      "pays for: a lower optimizer.lr or biases near zero (model.init.bias = \"zeros\") keep units alive, as does an "
      "activation that does not go flat (leaky_relu, gelu).",
      100.0 * share->last, share->layer);
  return {.verdict = Verdict::healthy, .findings = {finding}, .reason = reason};
}

}  // namespace thalweg
