// The commands that need torch, one file each.
#pragma once

namespace thalweg::cli {

// Each parses its own arguments (argv[0] is the command's name), prints, and returns the exit code. Errors are thrown.
int train(int argc, char** argv);
int check(int argc, char** argv);
int survey_command(int argc, char** argv);
int fold(int argc, char** argv);
int connect_command(int argc, char** argv);

}  // namespace thalweg::cli
