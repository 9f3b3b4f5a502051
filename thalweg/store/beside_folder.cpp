#include "thalweg/store/beside_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <system_error>

#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

std::string shown(const fs::path& path) { return printable(path.string(), 4096); }

// Links followed, no dots and no slash at the end: what a rename can take the place of.
fs::path real(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(folder), error);
  if (error) throw IoError(fmt::format("cannot look at '{}': {}", shown(folder), error.message()));
  return path.has_filename() ? path : path.parent_path();
}

fs::path replaceable(const fs::path& folder, const std::vector<std::string>& files) {
  fs::path path = real(folder);
  std::error_code error;
  if (path == fs::current_path(error)) {
    throw UsageError(
        fmt::format("'{}' is the folder you are in, which cannot be replaced whole; name another one", shown(folder)));
  }
  if (!fs::exists(path, error)) return path;
  if (!fs::is_directory(path, error)) throw IoError(fmt::format("'{}' is no folder", shown(folder)));
  const fs::directory_iterator inside(path, error);
  if (error) throw IoError(fmt::format("cannot look into '{}': {}", shown(folder), error.message()));
  for (const auto& entry : inside) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::find(files, name) != files.end()) continue;
    throw UsageError(fmt::format("'{}' holds other files ('{}') and would be replaced whole; name another folder",
                                 shown(folder), printable(name)));
  }
  return path;
}

constexpr std::string_view kPart = ".part-";

// What processes that are no more have left: their numbers stand in the names.
void remove_orphans(const fs::path& folder) {
  std::error_code error;
  const std::string start = folder.filename().string() + std::string(kPart);
  std::vector<fs::path> orphans;
  for (const auto& entry : fs::directory_iterator(folder.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(start)) continue;
    pid_t process = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + start.size(), end, process);
    const bool number = read.ec == std::errc() && read.ptr == end && process > 0;
    if (number && ::kill(process, 0) != 0 && errno == ESRCH) orphans.push_back(entry.path());
  }
  for (const fs::path& orphan : orphans) fs::remove_all(orphan, error);
}

void sync(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // it is there; only the moment at which its names are on the disk is unknown
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

BesideFolder::BesideFolder(const fs::path& folder, const std::vector<std::string>& files, std::int64_t bytes)
    : folder_(replaceable(folder, files)),
      parent_(folder_.parent_path(), bytes),
      beside_(folder_.string() + fmt::format("{}{}", kPart, ::getpid())) {
  std::error_code error;
  remove_orphans(folder_);
  fs::create_directory(beside_, error);
  if (error) throw IoError(fmt::format("cannot create '{}': {}", shown(beside_), error.message()));
}

BesideFolder::~BesideFolder() {
  std::error_code ignored;
  fs::remove_all(beside_, ignored);
}

// Where there is an older one, the two change places in one step: at no moment there is none.
void BesideFolder::commit() {
  sync(beside_);
  std::error_code ignored;
  const bool older = fs::exists(folder_, ignored);
  const unsigned how = older ? RENAME_EXCHANGE : 0;
  if (::renameat2(AT_FDCWD, beside_.c_str(), AT_FDCWD, folder_.c_str(), how) != 0) {
    throw IoError(
        fmt::format("cannot {} '{}': {}", older ? "replace" : "create", shown(folder_), std::strerror(errno)));
  }
  sync(parent_.path());
}

}  // namespace thalweg
