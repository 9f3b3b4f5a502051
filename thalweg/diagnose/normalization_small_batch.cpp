#include "thalweg/diagnose/normalization_small_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "thalweg/diagnose/loss_level.h"

namespace thalweg {
namespace {

std::optional<EvaluationHarm> harm_of(const History& history, const NormalizationSmallBatchOptions& options) {
  if (auto harm = evaluation_harm(history, options.harm)) return harm;
  const auto level = loss_level(history);
  const bool slow = level && history.last_step() >= options.steps && !(level->recent < options.slow * level->floor);
  if (!slow) return std::nullopt;
  EvaluationHarmOptions other = options.harm;
  other.training = true;
  return evaluation_harm(history, other);
}

std::string harm_words(const EvaluationHarm& harm) {
  return harm.gap > 0.0
             ? fmt::format(", and in evaluation, without it, the loss on the same rows is {:.3g} higher", harm.gap)
             : fmt::format(", which makes the loss {:.3g} higher than it is in evaluation, without it", -harm.gap);
}

}  // namespace

Judgement judge_normalization_small_batch(const History& history, const NormalizationSmallBatchOptions& options) {
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  const auto levels = layer_levels(history, Quantity::statistics_noise, options.level);
  if (levels.empty()) return healthy("no batch norm with running statistics was looked at");
  const LayerLevel worst = std::ranges::max(levels, {}, &LayerLevel::value);
  if (worst.value < options.noise) return healthy("batches are large enough for their norms");
  const auto harm = harm_of(history, options);
  const bool fault = harm && harm->lasting;
  Finding finding{.code = "normalization_small_batch", .severity = fault ? Severity::fault : Severity::warning};
  finding.first_step = worst.first;
  finding.last_step = worst.last;
  finding.scope = worst.layer;
  finding.message = fmt::format(
      "From batch to batch the variances that '{}' divides by differ by {:.0f}%: the network learns with the luck of "
      "its batches{}. Take more rows a batch (batch.size), or a norm that does not need them: group_norm or "
      "layer_norm.",
      worst.layer, 100.0 * worst.value, harm ? harm_words(*harm) : "");
  finding.evidence = {
      {Quantity::statistics_noise, worst.layer, worst.value, options.noise, std::string(kNormalizationRuns)}};
  if (harm) {
    finding.evidence.push_back(
        {Quantity::evaluation_gap, "", std::abs(harm->gap), harm->limit, std::string(kNormalizationRuns)});
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
