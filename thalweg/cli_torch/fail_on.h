// --fail-on note|warning|fault: exit code 1 where findings are at or above it.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "thalweg/record/finding.h"

namespace thalweg::cli {

inline void add_fail_on(CLI::App& app, std::string& value) {
  app.add_option("--fail-on", value, "exit with 1 where there are findings at or above: note, warning or fault")
      ->check(CLI::IsMember({"note", "warning", "fault"}));
}

inline bool fails(const std::string& fail_on, const std::vector<Finding>& findings) {
  if (fail_on.empty()) return false;
  const Severity limit = fail_on == "fault"     ? Severity::fault
                         : fail_on == "warning" ? Severity::warning
                                                : Severity::note;
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.severity >= limit; });
}

}  // namespace thalweg::cli
