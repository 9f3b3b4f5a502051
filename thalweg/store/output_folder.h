// The folder that a command writes into at the end of its work, tried before it: what cannot be written is an error of
// the first second, not of the last.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

class OutputFolder {
 public:
  static constexpr std::int64_t kDrawings = std::int64_t{1} << 20;  // bytes: more than a survey draws

  // Makes the folder with those above it, and takes `bytes` in it for a moment. IoError: it cannot be made or written,
  // or its disk is full; nothing is left then.
  explicit OutputFolder(std::filesystem::path folder, std::int64_t bytes = kDrawings);
  ~OutputFolder();  // folders that it made, and that nothing was written into, are removed
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  // A file, whole or not at all; its path.
  std::filesystem::path write(const std::string& name, std::string_view text) const;

 private:
  void make();
  void try_room(std::int64_t bytes) const;
  void remove_empty() const;

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> made_;  // the outermost first
};

}  // namespace thalweg
