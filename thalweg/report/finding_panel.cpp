#include "thalweg/report/finding_panel.h"

#include <fmt/format.h>

#include <cmath>

#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

constexpr int kIndent = 4;

Paint paint_of(Severity severity) {
  switch (severity) {
    case Severity::note:
      return Paint::cyan;
    case Severity::warning:
      return Paint::yellow;
    case Severity::fault:
      return Paint::red;
  }
  return Paint::bold;
}

// "learning rate too high", from the catalogue; a code that is not in it (a newer store) as it is.
std::string title(const Finding& finding) {
  const FindingInfo* info = finding_kind(finding.code);
  return info != nullptr ? std::string(info->title) : safe_text(finding.code);
}

std::string place(const Finding& finding) {
  const std::string scope = finding.scope.empty() ? "" : " in " + safe_text(finding.scope);
  if (finding.first_step == finding.last_step) return fmt::format("step {}{}", count(finding.first_step), scope);
  return fmt::format("steps {} to {}{}", count(finding.first_step), count(finding.last_step), scope);
}

std::string evidence_line(const Evidence& evidence) {
  const std::string scope = evidence.scope.empty() ? "" : " of " + safe_text(evidence.scope);
  const std::string limit = std::isnan(evidence.threshold) ? "" : ", limit " + number(evidence.threshold);
  const std::string source = evidence.source.empty() ? "" : fmt::format(" ({})", safe_text(evidence.source));
  return fmt::format("{}{} {}{}{}", info(evidence.quantity).name, scope, number(evidence.value), limit, source);
}

std::string remedy_line(const Remedy& remedy) {
  const std::string setting = fmt::format("{} = {}", safe_text(remedy.lever), safe_text(remedy.value));
  if (!remedy.trial) return setting + " (not tried)";
  const Trial& trial = *remedy.trial;
  return fmt::format("{}: {}, {} better by {}, costing {} of the run", setting, name(trial.verdict),
                     trial.goal.empty() ? "goal" : safe_text(trial.goal),
                     interval({trial.effect, trial.low, trial.high}), number(trial.cost));
}

std::string causes_line(const Finding& finding) {
  std::string result;
  for (const std::string& cause : finding.causes) result += (result.empty() ? "" : ", ") + safe_text(cause);
  return result;
}

std::string labelled(std::string_view label, const std::string& text, const Look& look) {
  constexpr int kLabel = 10;
  std::string result;
  for (const std::string& line : wrapped(text, look.width - kIndent - kLabel)) {
    const std::string head =
        result.empty() ? painted(padded(label, kLabel), Paint::dim, look) : std::string(kLabel, ' ');
    result += std::string(kIndent, ' ') + head + line + "\n";
  }
  return result;
}

}  // namespace

std::string finding_panel(const Finding& finding, const Look& look) {
  std::string head = painted(name(finding.severity), paint_of(finding.severity), look) + "  " +
                     painted(title(finding), Paint::bold, look) + ", " + place(finding);
  std::string result = "  " + cut(head, look.width - 2) + "\n";
  result += paragraph(safe_text(finding.message), look.width, kIndent);
  for (const Evidence& evidence : finding.evidence) result += labelled("measured", evidence_line(evidence), look);
  if (!finding.causes.empty()) result += labelled("caused by", causes_line(finding), look);
  for (const Remedy& remedy : finding.remedies) result += labelled("remedy", remedy_line(remedy), look);
  return result + labelled("more", "thalweg explain " + safe_text(finding.code), look);
}

std::string judgement_panel(const Judgement& judgement, const Look& look) {
  std::string result;
  if (judgement.findings.empty() || judgement.verdict != Verdict::fault) {
    const bool healthy = judgement.verdict == Verdict::healthy;
    const std::string word = healthy ? "healthy" : judgement.verdict == Verdict::fault ? "fault" : "cannot tell";
    const std::string reason = judgement.reason.empty() ? "" : ": " + safe_text(judgement.reason);
    for (std::string& line : wrapped(word + reason, look.width - 2)) {
      if (result.empty()) line = painted(word, healthy ? Paint::green : Paint::yellow, look) + line.substr(word.size());
      result += "  " + line + "\n";
    }
  }
  for (const Finding& finding : judgement.findings) result += finding_panel(finding, look);
  return result;
}

std::string action_line(const Action& action) {
  std::string result =
      fmt::format("step {}: {} {} → {} for {}; loss {} before", count(action.step), safe_text(action.lever),
                  number(action.from), number(action.to), safe_text(action.code), number(action.loss_before));
  if (!std::isnan(action.loss_after)) result += fmt::format(", {} after", number(action.loss_after));
  return result;
}

}  // namespace thalweg::report
