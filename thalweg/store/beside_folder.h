// A folder of files that belong together, there whole or not at all: written beside its name, and renamed when it is
// complete.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/store/output_folder.h"

namespace thalweg {

class BesideFolder {
 public:
  // `files`: the names that will lie in it. What it may replace is a folder that holds no others; one that does is a
  // UsageError, as is the folder that the program was started in. IoError where `bytes` cannot be written there.
  BesideFolder(const std::filesystem::path& folder, const std::vector<std::string>& files, std::int64_t bytes);
  ~BesideFolder();  // without commit() nothing is left, and what was there is as it was
  BesideFolder(const BesideFolder&) = delete;
  BesideFolder& operator=(const BesideFolder&) = delete;

  const std::filesystem::path& path() const { return beside_; }  // to write into
  void commit();                                                 // once each file is on the disk

 private:
  std::filesystem::path folder_;
  OutputFolder parent_;
  std::filesystem::path beside_;
};

}  // namespace thalweg
