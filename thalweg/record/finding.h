// What a check concludes: findings with their evidence, and the trials of their remedies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/record/quantity.h"

namespace thalweg {

enum class Severity { note, warning, fault };
enum class Verdict { healthy, fault, cannot_tell };
enum class TrialVerdict { proven, refuted, undecided };

std::string_view name(Severity severity);
std::string_view name(Verdict verdict);
std::string_view name(TrialVerdict verdict);

// One number that a finding rests on, beside the limit it broke and where that limit comes from.
struct Evidence {
  Quantity quantity = Quantity::loss;
  std::string scope;  // "" for the whole model
  double value = 0.0;
  double threshold = 0.0;
  std::string source;  // author year, or the experiment in the repository that set the threshold
};

// A paired comparison: the same batches with and without the change.
struct Trial {
  TrialVerdict verdict = TrialVerdict::undecided;
  double effect = 0.0;  // gain in the goal; positive is better
  double low = 0.0;     // interval of the effect
  double high = 0.0;
  std::string goal;   // "loss" | "metric"
  double cost = 0.0;  // multiples of the run
};

struct Remedy {
  std::string lever;  // a recipe key, "optimizer.lr"
  std::string value;  // as it would be written in the recipe
  std::optional<Trial> trial;
};

struct Finding {
  std::string code;  // one of finding_kinds()
  Severity severity = Severity::note;
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;
  std::string scope;                // "" for the whole model
  std::string message;              // plain words: what was seen, and what to do
  std::vector<std::string> causes;  // codes of findings that explain this one
  std::vector<Evidence> evidence;
  std::vector<Remedy> remedies;
};

// The answer of one check, or of all together.
struct Judgement {
  Verdict verdict = Verdict::cannot_tell;
  std::vector<Finding> findings;
  std::string reason;  // for healthy and cannot_tell: why, and what would tell
};

// What `thalweg explain` says of a finding.
struct FindingInfo {
  std::string_view code;
  std::string_view title;
  std::string_view meaning;   // plain words
  std::string_view evidence;  // what is measured and compared
  std::string_view remedy;
  std::string_view source;
};
std::span<const FindingInfo> finding_kinds();
const FindingInfo* finding_kind(std::string_view code);  // null when there is none

}  // namespace thalweg
