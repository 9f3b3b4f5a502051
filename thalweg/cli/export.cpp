// thalweg export RUN --to csv|json PATH
#include "thalweg/store/export.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/commands.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/find_runs.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/report/json.h"
#include "thalweg/report/text.h"

namespace thalweg::cli {

int export_run(int argc, char** argv) {
  Arguments arguments("export");
  std::string run, format, path;
  arguments.app.add_option("RUN", run, "A run folder")->type_name("")->required();
  arguments.app.add_option("--to", format, "csv: a folder of tables; json: one document")
      ->required()
      ->check(CLI::IsMember({"csv", "json"}));
  arguments.app.add_option("PATH", path, "The folder (csv) or the file (json) to write; what was there is replaced")
      ->type_name("")
      ->required();
  if (!arguments.parse(argc, argv)) return kDone;
  const StoreReader reader(store_of(find_run(run)));
  if (format == "csv") {
    export_csv(reader, path);
  } else {
    export_json(reader, path);
  }
  if (arguments.common.json) {
    print(report::dump({{"schema", 1}, {"run", run}, {"to", format}, {"path", path}}) + "\n");
  } else if (!arguments.common.quiet) {
    Progress(false).note(fmt::format("{} is written", report::safe_text(path)));
  }
  return kDone;
}

}  // namespace thalweg::cli
