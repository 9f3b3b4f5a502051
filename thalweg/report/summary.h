// What a finished run prints: where it stopped and why, what it reached, what was found, what looking cost, what to do
// next.
#pragma once

#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"
#include "thalweg/record/run.h"
#include "thalweg/report/look.h"
#include "thalweg/report/plot.h"

namespace thalweg::report {

struct RunView {
  RunHeader header;
  RunResult result;
  std::vector<Curve> curves;  // drawn as sparklines, in this order
};

// The curves of the summary, as far as they were measured: loss, held-out metric, learning rate, overshoot.
std::vector<Curve> summary_curves(const History& history);

std::string run_summary(const RunView& run, const Look& look);

// Why a run stopped, in plain words: "epochs" → "all epochs are done".
std::string stop_words(const std::string& reason);

}  // namespace thalweg::report
