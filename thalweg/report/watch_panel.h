// What a watch has to say of the run that it looks at, while it goes on or after.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/record/run.h"
#include "thalweg/report/look.h"
#include "thalweg/report/plot.h"

namespace thalweg::report {

struct WatchView {
  struct Instrument {
    std::string name;
    std::int64_t turns = 0;
    double share = 0.0;  // of the training time
  };
  std::string name;
  std::string store;  // "": not kept
  std::int64_t steps = 0;
  double trained = 0.0;  // seconds
  double budget = 0.0;
  double share = 0.0;  // first turns aside
  double first = 0.0;  // seconds of first turns
  std::int64_t peak_bytes = 0;
  std::vector<Instrument> instruments;
  std::string forecast;  // of instability, where one stands
  std::vector<std::string> notes;
  std::vector<Curve> curves;
  Judgement judgement;
};

std::string watch_panel(const WatchView& view, const Look& look);

}  // namespace thalweg::report
