// thalweg: the command line, and the commands that need no torch.
#include "thalweg/cli/commands.h"
#include "thalweg/cli/run_command.h"

int main(int argc, char** argv) {
  using namespace thalweg::cli;
  constexpr Handler kHandlers[] = {{"compare", compare}, {"export", export_run}, {"explain", explain}};
  return run_program(argc, argv, kHandlers);
}
