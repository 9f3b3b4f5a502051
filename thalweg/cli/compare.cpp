// thalweg compare RUN…
#include <string>
#include <vector>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/commands.h"
#include "thalweg/cli/comparison.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/find_runs.h"
#include "thalweg/cli/run_command.h"

namespace thalweg::cli {

int compare(int argc, char** argv) {
  Arguments arguments("compare");
  std::vector<std::string> names;
  arguments.app.add_option("RUN", names, "Run folders, or a folder of runs for all in it")->type_name("")->required();
  if (!arguments.parse(argc, argv)) return kDone;
  const Comparison comparison = compare_runs(find_runs(names));
  print(arguments.common.json ? comparison_json(comparison) + "\n" : comparison_text(comparison, stdout_look()));
  return kDone;
}

}  // namespace thalweg::cli
