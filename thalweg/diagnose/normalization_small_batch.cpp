#include "thalweg/diagnose/normalization_small_batch.h"

#include <fmt/format.h>

#include <algorithm>

namespace thalweg {

Judgement judge_normalization_small_batch(const History& history, const NormalizationSmallBatchOptions& options) {
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  const auto levels = layer_levels(history, Quantity::statistics_noise, options.level);
  if (levels.empty()) return healthy("no batch norm with running statistics was looked at");
  const LayerLevel worst = std::ranges::max(levels, {}, &LayerLevel::value);
  if (worst.value < options.noise) return healthy("batches are large enough for their norms");
  const auto harm = evaluation_harm(history, options.harm);
  const bool fault = harm && harm->lasting;
  Finding finding{.code = "normalization_small_batch", .severity = fault ? Severity::fault : Severity::warning};
  finding.first_step = worst.first;
  finding.last_step = worst.last;
  finding.scope = worst.layer;
  finding.message = fmt::format(
      "From batch to batch the variances that '{}' divides by differ by {:.0f}%: the network learns with the luck of "
      "its batches{}. Take more rows a batch (batch.size), or a norm that does not need them: group_norm or "
      "layer_norm.",
      worst.layer, 100.0 * worst.value,
      harm ? fmt::format(", and in evaluation, without it, the loss on the same rows is {:.3g} higher", harm->gap)
           : "");
  finding.evidence = {
      {Quantity::statistics_noise, worst.layer, worst.value, options.noise, std::string(kNormalizationRuns)}};
  if (harm) {
    finding.evidence.push_back({Quantity::evaluation_gap, "", harm->gap, harm->limit, std::string(kNormalizationRuns)});
  }
  finding.remedies = {{.lever = "batch.size", .value = "32", .trial = {}},
                      {.lever = "model.layers",
                       .value = fmt::format("{{ type = \"group_norm\", name = \"{}\", groups = 8 }}", worst.layer),
                       .trial = {}}};
  return {.verdict = fault ? Verdict::fault : Verdict::healthy,
          .findings = {std::move(finding)},
          .reason = fault ? "" : "the statistics of a batch norm are noisy, and evaluation does not pay for it so far"};
}

}  // namespace thalweg
