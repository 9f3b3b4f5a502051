#include "thalweg/store/output_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ranges>
#include <system_error>
#include <utility>

#include "thalweg/record/error.h"
#include "thalweg/store/beside_file.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const fs::path& folder, const std::string& why) {
  throw IoError(fmt::format("cannot write into '{}': {}", printable(folder.string(), 4096), why));
}

}  // namespace

OutputFolder::OutputFolder(fs::path folder, std::int64_t bytes)
    : folder_(folder.empty() ? fs::path(".") : std::move(folder)) {
  try {
    make();
    try_room(bytes);
  } catch (...) {
    remove_empty();
    throw;
  }
}

OutputFolder::~OutputFolder() { remove_empty(); }

void OutputFolder::make() {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path p = folder_; !p.empty() && !fs::exists(p, error); p = p.parent_path()) missing.push_back(p);
  for (const fs::path& p : missing | std::views::reverse) {
    // "a/" is made as "a"
    if (fs::create_directory(p, error)) made_.push_back(p);
    if (error) refuse(folder_, error.message());
  }
  if (!fs::is_directory(folder_, error)) refuse(folder_, "it is no folder");
}

void OutputFolder::try_room(std::int64_t bytes) const {
  const fs::path file = folder_ / fmt::format(".thalweg-room-{}", ::getpid());
  constexpr int kOwn = 0600;
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwn);
  if (descriptor < 0) refuse(folder_, std::strerror(errno));
  const int error = ::posix_fallocate(descriptor, 0, std::max<std::int64_t>(1, bytes));
  ::close(descriptor);
  ::unlink(file.c_str());
  if (error != 0) refuse(folder_, fmt::format("{} ({:.1f} MB are needed)", std::strerror(error), 1e-6 * bytes));
}

void OutputFolder::remove_empty() const {
  std::error_code ignored;  // of one that is not empty, which stays
  for (const fs::path& p : made_ | std::views::reverse) fs::remove(p, ignored);
}

fs::path OutputFolder::write(const std::string& name, std::string_view text) const {
  const fs::path file = folder_ / name;
  BesideFile beside(file);
  beside.write(text);
  beside.commit();
  return file;
}

}  // namespace thalweg
