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
  std::vector<double> alone, taken;
  SignEvidence evidence{{.q = 0.5, .p = 0.8}};  // not 0.95: coupled looks come and go with the batches
  std::int64_t first = 0, last = 0;
  std::size_t bad = 0;
};

double bar(const Point& p) { return std::isfinite(p.error) ? static_cast<double>(p.error) : 0.0; }

Looks looks_of(const History& history, double limit) {
  Looks result;
  const auto interactions = history.series(Quantity::change_interaction);
  for (const Point& alone : history.series(Quantity::change_alone)) {
    const auto with = within(interactions, {alone.step, alone.step});
    if (with.empty() || !std::isfinite(alone.value)) continue;
    const double interaction = with.front().value - bar(with.front());  // infinite: thrown up
    const bool falls = alone.value + bar(alone) < 0.0, bad = falls && !(interaction < limit * -alone.value);
    result.evidence.add(bad);
    result.alone.push_back(alone.value);
    if (falls) result.taken.push_back(with.front().value / -alone.value);
    if (result.alone.size() == 1) result.first = alone.step;
    result.last = alone.step;
    result.bad += bad ? 1 : 0;
  }
  return result;
}

}  // namespace

Judgement judge_layer_coupling(const History& history, const LayerCouplingOptions& options) {
  const Looks looks = looks_of(history, options.taken);
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
  const double taken = median(looks.taken);
  finding.message = fmt::format(
      "On {} of {} looks the layers, by moving at once, took {:.0f}% or more of what each layer's update would have "
      "gained alone; {:.0f}% in the median. {:.0f}% of the step's curvature lies between the layers. Smaller steps "
      "lose "
      "less of it (optimizer.lr); a normalisation between the layers keeps the scale of one from multiplying that of "
      "the "
      "next.",
      looks.bad, looks.alone.size(), 100.0 * options.taken, 100.0 * taken, 100.0 * share);
  finding.evidence = {{Quantity::change_interaction, "", taken, options.taken,
                       "over −change_alone; limit from tools/coupling_limits.py"},
                      {Quantity::coupling_share, "", share, 0.0, "Goodfellow, Bengio, Courville 2016, section 8.7.1"}};
  if (const auto lower = change_rate(history, 0.3, looks.last)) finding.remedies.push_back(*lower);
  finding.remedies.push_back({.lever = "model.layers", .value = "{ type = \"batch_norm\" }", .trial = {}});
  return {.verdict = slow ? Verdict::fault : Verdict::healthy,
          .findings = {std::move(finding)},
          .reason = slow ? "" : "the layers are strongly coupled, and the run learns all the same"};
}

}  // namespace thalweg
