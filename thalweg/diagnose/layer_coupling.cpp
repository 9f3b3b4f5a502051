#include "thalweg/diagnose/layer_coupling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/diagnose/rate.h"
#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

struct Looks {
  std::vector<double> alone, together;
  SignEvidence evidence{{.q = 0.5, .p = 0.95}};
  std::int64_t first = 0, last = 0;
  std::size_t bad = 0;
};

double bar(const Point& p) { return std::isfinite(p.error) ? static_cast<double>(p.error) : 0.0; }

Looks looks_of(const History& history) {
  Looks result;
  const auto interactions = history.series(Quantity::change_interaction);
  for (const Point& alone : history.series(Quantity::change_alone)) {
    const auto with = within(interactions, {alone.step, alone.step});
    if (with.empty() || !std::isfinite(alone.value)) continue;
    const double together = alone.value + with.front().value;  // infinite: thrown up
    const bool bad = alone.value + bar(alone) < 0.0 && !(together < bar(with.front()));
    result.evidence.add(bad);
    result.alone.push_back(alone.value);
    result.together.push_back(together);
    if (result.alone.size() == 1) result.first = alone.step;
    result.last = alone.step;
    result.bad += bad ? 1 : 0;
  }
  return result;
}

}  // namespace

Judgement judge_layer_coupling(const History& history, const LayerCouplingOptions& options) {
  const Looks looks = looks_of(history);
  if (looks.alone.size() < options.least) {
    return {.verdict = Verdict::healthy, .findings = {}, .reason = "the coupling was looked at too seldom to judge"};
  }
  if (looks.evidence.value() < 1.0 / options.alpha) {
    return {.verdict = Verdict::healthy, .findings = {}, .reason = "steps do what their layers would do alone"};
  }
  const auto level = loss_level(history);
  const bool slow = level && history.last_step() >= options.steps && !(level->recent < options.slow * level->floor);
  const double share = median(finite_values(history.series(Quantity::coupling_share)));
  Finding finding{.code = "layer_coupling", .severity = slow ? Severity::fault : Severity::warning};
  finding.first_step = looks.first;
  finding.last_step = looks.last;
  finding.message = fmt::format(
      "On {} of {} looks each layer's update alone would have lowered the loss (by {:.2g} in the median, summed), and "
      "all "
      "of them together did not (median change {:+.2g}): the layers move against each other, {:.0f}% of the step's "
      "curvature lies between them. Smaller steps (optimizer.lr), or a normalisation between the layers, which "
      "uncouples "
      "their scales.",
      looks.bad, looks.alone.size(), -median(looks.alone), median(looks.together), 100.0 * share);
  finding.evidence = {{Quantity::change_interaction, "", median(looks.together) - median(looks.alone),
                       -median(looks.alone), "Goodfellow, Bengio, Courville 2016, section 8.7.1"},
                      {Quantity::coupling_share, "", share, 0.0, "Goodfellow, Bengio, Courville 2016, section 8.7.1"}};
  if (const auto lower = change_rate(history, 0.3, looks.last)) finding.remedies.push_back(*lower);
  finding.remedies.push_back({.lever = "model.layers", .value = "{ type = \"batch_norm\" }", .trial = {}});
  return {.verdict = slow ? Verdict::fault : Verdict::healthy,
          .findings = {std::move(finding)},
          .reason = slow ? "" : "the layers are strongly coupled, and the run learns all the same"};
}

}  // namespace thalweg
