#include "thalweg/diagnose/normalization_wrong_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "thalweg/diagnose/loss_level.h"

namespace thalweg {

Judgement judge_normalization_wrong_axis(const History& history, const NormalizationWrongAxisOptions& options) {
  const auto levels = layer_levels(history, Quantity::feature_spread, options.level);
  if (levels.empty()) return {.verdict = Verdict::healthy, .findings = {}, .reason = "no batch norm was looked at"};
  std::vector<LayerLevel> wrong;
  std::ranges::copy_if(levels, std::back_inserter(wrong),
                       [&](const LayerLevel& l) { return !(l.value < options.spread); });
  if (wrong.empty()) {
    return {.verdict = Verdict::healthy, .findings = {}, .reason = "features behind the batch norms have one spread"};
  }
  std::ranges::stable_sort(wrong, std::ranges::greater{}, &LayerLevel::value);
  const LayerLevel& worst = wrong.front();
  const auto level = loss_level(history);
  const bool slow = level && history.last_step() >= options.steps && !(level->recent < options.slow * level->floor);
  Finding finding{.code = "normalization_wrong_axis", .severity = slow ? Severity::fault : Severity::warning};
  finding.first_step = worst.first;
  finding.last_step = worst.last;
  finding.scope = worst.layer;
  finding.message = fmt::format(
      "Behind the batch norm '{0}' the standard deviations of its features are {1:.3g} times apart, where a norm over "
      "the right axis leaves them equal: it normalises over the features, not by them{2}. Let each feature keep its "
      "own statistics: axis = 1 for channels and plain features, axis = 2 for sequences. Where each row is to be "
      "normalised by itself, layer_norm or group_norm says so.",
      worst.layer, worst.value, wrong.size() > 1 ? fmt::format(" (and {} more like it)", wrong.size() - 1) : "");
  for (const LayerLevel& l : wrong) {
    finding.evidence.push_back({Quantity::feature_spread, l.layer, l.value, options.spread,
                                "1 by construction where each feature has its own statistics (Ioffe, Szegedy 2015)"});
  }
  finding.remedies = {{.lever = "model.layers",
                       .value = fmt::format("{{ type = \"batch_norm\", name = \"{}\", axis = 1 }}", worst.layer),
                       .trial = {}},
                      {.lever = "model.layers",
                       .value = fmt::format("{{ type = \"layer_norm\", name = \"{}\" }}", worst.layer),
                       .trial = {}}};
  return {.verdict = slow ? Verdict::fault : Verdict::healthy,
          .findings = {std::move(finding)},
          .reason = slow ? "" : "a batch norm runs over a wrong axis, and the run learns all the same"};
}

}  // namespace thalweg
