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
};
std::span<const Check> checks();

// All checks together: findings in order of their causal role (root first, each with the causes found), and one
// verdict: healthy, fault, or cannot tell with what would tell.
Judgement judge_run(const History& history);

}  // namespace thalweg
