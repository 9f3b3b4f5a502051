// From what a person types to run folders.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thalweg::cli {

// The store of a run folder.
std::filesystem::path store_of(const std::filesystem::path& run);  // run/run.sqlite

// `name` as it is where it is a run folder (it holds run.sqlite). Else an IoError (nothing is there) or an InputError
// (something else is there) that names the nearest run in the same folder, or says which runs are there.
std::string find_run(const std::string& name);

// The same for several names, where a folder of runs stands for all runs in it, in natural order (run-2 before run-10).
// A run that is named twice counts once.
std::vector<std::string> find_runs(const std::vector<std::string>& names);

}  // namespace thalweg::cli
