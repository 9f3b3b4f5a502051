#include "thalweg/data/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "thalweg/data/bytes.h"
#include "thalweg/record/error.h"

namespace thalweg {

FileReplacement::FileReplacement(const std::filesystem::path& file) : file_(file), beside_(file) {
  beside_ += fmt::format(".{}.new", ::getpid());
  constexpr int kOthersMayRead = 0666;  // less the user's umask
  fd_ = ::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOthersMayRead);
  if (fd_ < 0) fail("cannot create");
}

FileReplacement::~FileReplacement() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(beside_.c_str());
}

void FileReplacement::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void FileReplacement::commit() {
  if (::fsync(fd_) != 0) fail("cannot sync");
  if (::rename(beside_.c_str(), file_.c_str()) != 0) fail("cannot rename to it");
  ::close(fd_);
  fd_ = -1;
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return;  // the file is there; only the moment at which its name is on the disk is unknown
  ::fsync(folder_fd);
  ::close(folder_fd);
}

void FileReplacement::fail(const char* what) const {
  throw IoError(fmt::format("{}: {}: {}", shown(file_), what, std::strerror(errno)));
}

}  // namespace thalweg
