// A file that is there whole or not at all: written beside its name, and renamed when it is complete.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string_view>

namespace thalweg {

class BesideFile {
 public:
  explicit BesideFile(std::filesystem::path file);  // IoError; so do all members
  ~BesideFile();                                    // without commit() nothing is left
  BesideFile(const BesideFile&) = delete;
  BesideFile& operator=(const BesideFile&) = delete;

  void write(std::string_view text);
  void commit();  // replaces what was there

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path file_;
  std::filesystem::path beside_;
  std::FILE* stream_ = nullptr;
};

}  // namespace thalweg
