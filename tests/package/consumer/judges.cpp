// Reads a run's store and judges it, without torch: judges RUN/run.sqlite
#include <cstdio>
#include <string>

#include "thalweg/diagnose/checks.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/record/version.h"
#include "thalweg/report/summary.h"
#include "thalweg/store/store.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const thalweg::StoreReader run(arguments[1]);
  thalweg::History history;
  history.header = run.header();
  for (const std::string& name : run.scopes()) history.scopes_table.number(name);
  run.for_each_reading([&](const thalweg::Reading& reading) { history.put(reading); });
  const auto judgement = thalweg::judge_run(history);
  const auto losses = history.series(thalweg::Quantity::loss);
  std::printf("thalweg %s, %zu recipe keys, %zu curves\n", thalweg::kVersion, thalweg::recipe::keys().size(),
              thalweg::report::summary_curves(history).size());
  std::printf("steps %zu, optimizer %s, findings %zu\n", losses.size(), history.header.optimizer.c_str(),
              judgement.findings.size());
  return losses.empty() ? 1 : 0;
}
