// Runs a program as a person does, and gives what it said.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace thalweg::cli {

struct Said {
  int code = -1;    // exit code; 128 + n after signal n
  std::string out;  // standard output
  std::string err;  // standard error
};

struct Call {
  std::vector<std::string> command;                // the program's path, and its arguments
  std::map<std::string, std::string> environment;  // set in addition; NO_COLOR, COLUMNS are unset unless given
  std::filesystem::path folder;                    // where it runs; empty: here
  std::string to;                                  // standard output goes to this file instead ("/dev/full")
};
Said run(const Call& call);

// The same on a terminal of 80 columns: out holds what the terminal saw, both streams together.
Said run_on_terminal(const Call& call);

// thalweg, as built, with these arguments.
Said thalweg(std::vector<std::string> arguments);
std::string thalweg_path();

// A folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace thalweg::cli
