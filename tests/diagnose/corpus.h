// The corpus of real runs, healthy and sick, that the checks are held to. tests/diagnose/corpus/README.md says how it
// was made.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"

namespace thalweg::corpus {

struct Run {
  std::string name;
  std::string fault;     // the code that must come first; "" for a healthy run
  std::string severity;  // "fault"; "warning": it may get over it; "open": it must only not be called healthy
  std::string also;      // a code that must have been named on the way; "" for none
  RunHeader header;
  ScopeTable scopes;
  std::vector<Reading> readings;  // in order of steps
};

// All runs of the corpus, in order of names. $THALWEG_CORPUS names another folder.
const std::vector<Run>& runs();

// Feeds the run's readings and calls `look` after every `every` steps and at the end.
void replay(const Run& run, int every, const std::function<void(const History&)>& look);
History whole(const Run& run);

}  // namespace thalweg::corpus
