#include "thalweg/diagnose/normalization_stale.h"

#include <fmt/format.h>

#include <algorithm>

namespace thalweg {

Judgement judge_normalization_stale(const History& history, const NormalizationStaleOptions& options) {
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  const auto levels = layer_levels(history, Quantity::statistics_gap, options.level);
  if (levels.empty()) return healthy("no batch norm with running statistics was looked at");
  const auto harm = evaluation_harm(history, options.harm);
  if (!harm) return healthy("evaluation does not pay for the running statistics");
  const auto excess = [](const LayerLevel& l) { return l.value - l.error; };
  const LayerLevel worst = std::ranges::max(levels, {}, excess);
  if (excess(worst) < options.gap) return healthy("the running statistics are near those of the batches");
  Finding finding{.code = "normalization_stale", .severity = harm->lasting ? Severity::fault : Severity::warning};
  finding.first_step = harm->first;
  finding.last_step = harm->last;
  finding.scope = worst.layer;
  finding.message = fmt::format(
      "The running statistics of the batch norm '{}' are {:.2g} standard deviations from those of the batches, and the "
      "loss on the same rows is {:.3g} higher in evaluation mode than in training mode. The network is evaluated with "
      "statistics of what it was before. Recompute them over the data (model.statistics = \"precise\"), or let them "
      "follow faster (momentum = 0.1 in the layer).",
      worst.layer, worst.value, harm->gap);
  finding.evidence = {
      {Quantity::statistics_gap, worst.layer, worst.value, options.gap, std::string(kNormalizationRuns)},
      {Quantity::evaluation_gap, "", harm->gap, harm->limit, std::string(kNormalizationRuns)}};
  finding.remedies = {{.lever = "model.statistics", .value = "\"precise\"", .trial = {}},
                      {.lever = "model.layers",
                       .value = fmt::format("{{ type = \"batch_norm\", name = \"{}\", momentum = 0.1 }}", worst.layer),
                       .trial = {}}};
  return {.verdict = harm->lasting ? Verdict::fault : Verdict::healthy,
          .findings = {std::move(finding)},
          .reason = harm->lasting ? "" : "evaluation paid for stale statistics once so far"};
}

}  // namespace thalweg
