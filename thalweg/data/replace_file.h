// A file that is replaced whole or not at all: written beside, synced, renamed over the old one, and the folder synced.
#pragma once

#include <filesystem>
#include <string_view>

namespace thalweg {

class FileReplacement {
 public:
  explicit FileReplacement(const std::filesystem::path& file);  // IoErrors name `file` and the system's reason
  ~FileReplacement();                                           // without commit(): nothing is left behind
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  void write(std::string_view bytes);
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path file_;
  std::filesystem::path beside_;
  int fd_ = -1;
};

}  // namespace thalweg
