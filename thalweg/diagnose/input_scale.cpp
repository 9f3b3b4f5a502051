#include "thalweg/diagnose/input_scale.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kLeCun =
    "LeCun, Bottou, Orr, Müller 1998, section 4.3; limit from tools/calibrate_checks.py";

struct Told {
  std::vector<std::string> words;
  std::vector<Evidence> evidence;
  void add(std::string word, Quantity quantity, double value, double threshold) {
    words.push_back(std::move(word));
    evidence.push_back({quantity, "", value, threshold, std::string(kLeCun)});
  }
};

Told bad_scale(const History& history, const InputScaleOptions& options) {
  const double rms = first_value(history, Quantity::input_rms), max = first_value(history, Quantity::input_max_abs),
               spread = first_value(history, Quantity::input_scale_spread);
  Told told;
  if (rms > options.largest_rms)
    told.add(fmt::format("an rms of {:.3g} (best near 1)", rms), Quantity::input_rms, rms, options.largest_rms);
  if (max < options.smallest_max) {
    told.add(fmt::format("no value above {:.2g} (best near 1)", max), Quantity::input_max_abs, max,
             options.smallest_max);
  }
  if (spread > options.largest_spread) {
    told.add(fmt::format("columns whose scales differ {:.2g}-fold", spread), Quantity::input_scale_spread, spread,
             options.largest_spread);
  }
  return told;
}

Told harm_of(const History& history, const InputScaleOptions& options) {
  const double initial = first_value(history, Quantity::initial_loss),
               constant = first_value(history, Quantity::constant_loss);
  Told told;
  if (constant > 0.0 && initial > options.first_loss * constant) {
    told.add(fmt::format("the first loss is {:.3g}, where the best constant prediction has {:.3g}", initial, constant),
             Quantity::initial_loss, initial, options.first_loss * constant);
  }
  const auto level = loss_level(history, options.level);
  if (!level) return told;
  const auto steps = std::ssize(history.series(Quantity::loss));
  if (level->diverged || level->up) {
    told.add("the loss was thrown up", Quantity::loss, level->highest, options.level.thrown * level->ceiling);
  } else if (steps >= options.steps && level->recent >= options.slow * level->floor) {
    told.add(fmt::format("after {} steps the loss is still at {:.3g}", steps, level->recent), Quantity::loss,
             level->recent, options.slow * level->floor);
  }
  return told;
}

}  // namespace

Judgement judge_input_scale(const History& history, const InputScaleOptions& options) {
  if (history.series(Quantity::input_rms).empty()) {
    return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = "the scale of the inputs was not read"};
  }
  const Told bad = bad_scale(history, options);
  if (bad.words.empty()) {
    return {.verdict = Verdict::healthy,
            .findings = {},
            .reason = fmt::format("the inputs have an rms of {:.3g}", first_value(history, Quantity::input_rms))};
  }
  const Told harm = harm_of(history, options);
  Finding finding{.code = "input_scale", .severity = harm.words.empty() ? Severity::warning : Severity::fault};
  finding.last_step = std::max<std::int64_t>(0, history.last_step());
  const std::string consequence = harm.words.empty() ? "So far it does no harm that can be seen."
                                                     : fmt::format("The harm: {}.", fmt::join(harm.words, "; "));
  finding.message =
      fmt::format("The network gets inputs with {}. {} Standardise them: data.input_scaling = \"standardize\".",
                  fmt::join(bad.words, " and "), consequence);
  finding.evidence = bad.evidence;
  finding.evidence.insert(finding.evidence.end(), harm.evidence.begin(), harm.evidence.end());
  finding.remedies = {{.lever = "data.input_scaling", .value = "\"standardize\"", .trial = {}}};
  const bool fault = finding.severity == Severity::fault;
  return {.verdict = fault ? Verdict::fault : Verdict::healthy,
          .findings = {finding},
          .reason = fault ? "" : finding.message};
}

}  // namespace thalweg
