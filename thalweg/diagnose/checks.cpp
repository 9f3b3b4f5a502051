#include "thalweg/diagnose/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "thalweg/diagnose/bad_initialization.h"
#include "thalweg/diagnose/batch_too_small.h"
#include "thalweg/diagnose/dead_units.h"
#include "thalweg/diagnose/gradient_in_depth.h"
#include "thalweg/diagnose/gradient_in_time.h"
#include "thalweg/diagnose/ill_conditioned_step.h"
#include "thalweg/diagnose/input_scale.h"
#include "thalweg/diagnose/layer_coupling.h"
#include "thalweg/diagnose/learning_rate_too_high.h"
#include "thalweg/diagnose/learning_rate_too_low.h"
#include "thalweg/diagnose/local_minimum.h"
#include "thalweg/diagnose/loss_level.h"
#include "thalweg/diagnose/non_finite.h"
#include "thalweg/diagnose/normalization_small_batch.h"
#include "thalweg/diagnose/normalization_stale.h"
#include "thalweg/diagnose/normalization_wrong_axis.h"
#include "thalweg/diagnose/plateau.h"
#include "thalweg/diagnose/saddle_point.h"
#include "thalweg/diagnose/saturated_units.h"
#include "thalweg/diagnose/symmetric_initialization.h"

namespace thalweg {
namespace {

// In order of causal role: what comes first can cause what comes after.
constexpr std::array<Check, 21> kChecks = {{
    {"input_scale", [](const History& history) { return judge_input_scale(history); }, true},
    {"symmetric_initialization", [](const History& history) { return judge_symmetric_initialization(history); }, true},
    {"bad_initialization", [](const History& history) { return judge_bad_initialization(history); }, true},
    {"exploding_gradient", [](const History& history) { return judge_exploding_gradient(history); }, true},
    {"vanishing_gradient", [](const History& history) { return judge_vanishing_gradient(history); }, true},
    {"normalization_wrong_axis", [](const History& history) { return judge_normalization_wrong_axis(history); }, true},
    {"exploding_gradient_in_time", [](const History& history) { return judge_exploding_gradient_in_time(history); },
     true},
    {"normalization_small_batch", [](const History& history) { return judge_normalization_small_batch(history); },
     true},
    {"learning_rate_too_high", [](const History& history) { return judge_learning_rate_too_high(history); }, true},
    {"dead_units", [](const History& history) { return judge_dead_units(history); }, true},
    {"saturated_units", [](const History& history) { return judge_saturated_units(history); }, true},
    {"layer_coupling", [](const History& history) { return judge_layer_coupling(history); }, true},
    {"normalization_stale", [](const History& history) { return judge_normalization_stale(history); }, true},
    {"ill_conditioned_step", [](const History& history) { return judge_ill_conditioned_step(history); }, true},
    {"vanishing_gradient_in_time", [](const History& history) { return judge_vanishing_gradient_in_time(history); },
     true},
    {"saddle_point", [](const History& history) { return judge_saddle_point(history); }, true},
    {"plateau", [](const History& history) { return judge_plateau(history); }, true},
    {"batch_too_small", [](const History& history) { return judge_batch_too_small(history); }, true},
    {"learning_rate_too_low", [](const History& history) { return judge_learning_rate_too_low(history); }, true},
    {"local_minimum", [](const History& history) { return judge_local_minimum(history); }, true},
    {"non_finite", [](const History& history) { return judge_non_finite(history); }, false},
}};

struct Cause {
  std::string_view code;
  std::string_view of;
};
constexpr std::array<Cause, 57> kCauses = {{
    {"normalization_small_batch", "learning_rate_too_high"},
    {"bad_initialization", "exploding_gradient"},
    {"bad_initialization", "vanishing_gradient"},
    {"bad_initialization", "dead_units"},
    {"bad_initialization", "saturated_units"},
    {"input_scale", "dead_units"},
    {"input_scale", "saturated_units"},
    {"learning_rate_too_high", "dead_units"},
    {"learning_rate_too_high", "saturated_units"},
    {"dead_units", "saddle_point"},
    {"dead_units", "plateau"},
    {"dead_units", "learning_rate_too_low"},
    {"dead_units", "local_minimum"},
    {"saturated_units", "saddle_point"},
    {"saturated_units", "plateau"},
    {"saturated_units", "learning_rate_too_low"},
    {"saturated_units", "local_minimum"},
    {"exploding_gradient", "learning_rate_too_high"},
    {"exploding_gradient", "ill_conditioned_step"},
    {"exploding_gradient", "non_finite"},
    {"exploding_gradient", "plateau"},
    {"exploding_gradient", "local_minimum"},
    {"vanishing_gradient", "saddle_point"},
    {"vanishing_gradient", "plateau"},
    {"vanishing_gradient", "learning_rate_too_low"},
    {"vanishing_gradient", "local_minimum"},
    {"bad_initialization", "layer_coupling"},
    {"learning_rate_too_high", "layer_coupling"},
    {"normalization_small_batch", "normalization_stale"},
    {"learning_rate_too_high", "batch_too_small"},
    {"bad_initialization", "batch_too_small"},
    {"batch_too_small", "learning_rate_too_low"},
    {"input_scale", "bad_initialization"},
    {"symmetric_initialization", "bad_initialization"},
    {"symmetric_initialization", "saddle_point"},
    {"symmetric_initialization", "plateau"},
    {"symmetric_initialization", "local_minimum"},
    {"symmetric_initialization", "learning_rate_too_low"},
    {"bad_initialization", "learning_rate_too_high"},
    {"bad_initialization", "ill_conditioned_step"},
    {"bad_initialization", "saddle_point"},
    {"bad_initialization", "plateau"},
    {"bad_initialization", "learning_rate_too_low"},
    {"bad_initialization", "local_minimum"},
    {"bad_initialization", "non_finite"},
    {"input_scale", "learning_rate_too_high"},
    {"input_scale", "learning_rate_too_low"},
    {"input_scale", "ill_conditioned_step"},
    {"input_scale", "non_finite"},
    {"learning_rate_too_high", "ill_conditioned_step"},
    {"learning_rate_too_high", "non_finite"},
    {"ill_conditioned_step", "non_finite"},
    {"input_scale", "plateau"},
    {"learning_rate_too_high", "plateau"},
    {"learning_rate_too_high", "local_minimum"},
    {"saddle_point", "learning_rate_too_low"},
    {"plateau", "learning_rate_too_low"},
}};
constexpr double kNothingLearnt = 0.99;  // of the lower of the first and the best constant's loss

bool is_surrogate(const History& history) { return history.header.loss == kSurrogate; }

void fill_causes(std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    for (const Cause& cause : kCauses) {
      const bool present = std::ranges::any_of(
          findings, [&](const Finding& f) { return f.code == cause.code && f.severity == Severity::fault; });
      if (cause.of == finding.code && present) finding.causes.emplace_back(cause.code);
    }
    if (!finding.causes.empty())
      finding.message += fmt::format(" It follows from {}: mend that first.", finding.causes.front());
  }
}

// Without a fault: healthy needs finite losses, a rate that was judged, and a loss that has come down.
Judgement without_fault(const History& history, std::vector<std::string> unjudged, bool rate_judged) {
  const auto level = loss_level(history);
  std::string open = fmt::format("{}", fmt::join(unjudged, "; "));
  if (is_surrogate(history)) {
    return {.verdict = Verdict::cannot_tell,
            .findings = {},
            .reason =
                "what is minimised is a surrogate, whose level tells nothing of how far it has come: only its "
                "numbers were judged, and no fault was found in them"};
  }
  if (!level) return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = "no step was made yet"};
  if (!rate_judged) return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = open};
  if (level->floor > 0.0 && !(level->recent < kNothingLearnt * level->floor)) {
    return {.verdict = Verdict::cannot_tell,
            .findings = {},
            .reason = fmt::format("the loss is at {:.3g}, not below that of the best constant prediction, and no check "
                                  "here explains it; a longer run would tell{}{}",
                                  level->recent, open.empty() ? "" : "; ", open)};
  }
  return {.verdict = Verdict::healthy,
          .findings = {},
          .reason = fmt::format("the loss came from {:.3g} to {:.3g}, and no check found a fault{}", level->start,
                                level->recent, open.empty() ? "" : fmt::format(" (not judged: {})", open))};
}

}  // namespace

std::span<const Check> checks() { return kChecks; }

Judgement judge_run(const History& history) {
  std::vector<Finding> findings;
  std::vector<std::string> unjudged;
  bool rate_judged = true;
  for (const Check& check : kChecks) {
    if (check.by_level && is_surrogate(history)) continue;
    Judgement judgement = check.judge(history);
    std::ranges::move(judgement.findings, std::back_inserter(findings));
    if (judgement.verdict != Verdict::cannot_tell) continue;
    if (!unjudged.empty() && unjudged.back().ends_with(": " + judgement.reason)) {  // said once for several checks
      unjudged.back().insert(0, fmt::format("{}, ", check.name));
    } else {
      unjudged.push_back(fmt::format("{}: {}", check.name, judgement.reason));
    }
    rate_judged = rate_judged && !check.name.starts_with("learning_rate");
  }
  fill_causes(findings);
  // Faults first, each group in causal order.
  std::ranges::stable_sort(findings, std::ranges::greater{}, &Finding::severity);
  const bool fault = !findings.empty() && findings.front().severity == Severity::fault;
  Judgement all = fault ? Judgement{.verdict = Verdict::fault, .findings = {}, .reason = {}}
                        : without_fault(history, unjudged, rate_judged);
  all.findings = std::move(findings);
  return all;
}

}  // namespace thalweg
