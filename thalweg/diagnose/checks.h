// The catalogue of checks, and the verdict of a run.
#pragma once

#include <span>
#include <string_view>

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct Check {
  std::string_view name;  // "ill_conditioned_step"
  Judgement (*judge)(const History& history);
  bool by_level = true;  // by where the loss stands: silent where what is minimised is a surrogate
};
std::span<const Check> checks();

// RunHeader::loss of a run whose objective has no level that means anything: a policy gradient, a GAN's loss.
inline constexpr std::string_view kSurrogate = "surrogate";

// All checks together: findings in order of their causal role (root first, each with the causes found), and one
// verdict: healthy, fault, or cannot tell with what would tell.
Judgement judge_run(const History& history);

}  // namespace thalweg
