// The commands that need no torch, one file each.
#pragma once

namespace thalweg::cli {

// Each parses its own arguments (argv[0] is the command's name), prints, and returns the exit code. Errors are thrown.
int compare(int argc, char** argv);
int export_run(int argc, char** argv);
int explain(int argc, char** argv);

}  // namespace thalweg::cli
