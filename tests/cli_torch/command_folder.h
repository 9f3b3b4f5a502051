// thalweg, called as a person calls it, in a folder that all tests of a suite share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "test_paths.h"

namespace thalweg::cli {

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct Said {
  int code = -1;
  std::string out, err;
};

// `Suite`: the test suite's own class, so that each has a folder. It calls open() first in its SetUpTestSuite.
template <class Suite>
class CommandFolder : public ::testing::Test {
 protected:
  static void open() {
    std::string pattern = (std::filesystem::temp_directory_path() / "thalweg-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder() = pattern;
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder()); }

  static std::filesystem::path& folder() {
    static std::filesystem::path path;
    return path;
  }
  static Said thalweg(const std::string& arguments) {
    const std::string command =
        "cd " + folder().string() + " && " + test_paths::kPrograms + "/thalweg " + arguments + " > out.txt 2> err.txt";
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), read_file(folder() / "out.txt"), read_file(folder() / "err.txt")};
  }
  // For what the tests rest on: it must go well.
  static Said prepare(const std::string& arguments) {
    Said said = thalweg(arguments);
    if (said.code != 0) throw std::runtime_error(said.err);
    return said;
  }
};

}  // namespace thalweg::cli
