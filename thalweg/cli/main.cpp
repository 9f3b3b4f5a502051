// thalweg: the command line, and the commands that need no torch.
#include "thalweg/cli/commands.h"
#include "thalweg/cli/run_command.h"

int main(int argc, char** argv) {
  constexpr thalweg::cli::Handler kHandlers[] = {{"explain", thalweg::cli::explain}};
  return thalweg::cli::run_program(argc, argv, kHandlers);
}
