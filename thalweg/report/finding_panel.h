// A finding in plain words: what was seen, the numbers it rests on, what to do.
#pragma once

#include <span>
#include <string>

#include "thalweg/record/finding.h"
#include "thalweg/record/run.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

std::string finding_panel(const Finding& finding, const Look& look);
// All findings of a judgement after a line with its verdict; with none, the verdict and its reason.
std::string judgement_panel(const Judgement& judgement, const Look& look);

// "step 420: optimizer.lr 0.1 → 0.05 for ill_conditioned_step; loss 2.31 before, 0.94 after"
std::string action_line(const Action& action);

}  // namespace thalweg::report
