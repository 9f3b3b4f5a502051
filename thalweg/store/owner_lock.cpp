#include "thalweg/store/owner_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using FileId = std::pair<dev_t, ino_t>;

// What this process holds. Locks of fcntl belong to the process: it is never refused its own, and closing any
// descriptor of a locked file gives the lock up. So a file that is held here must be known before it is opened again.
struct Held {
  std::mutex mutex;
  std::set<FileId> files;
  pid_t process = getpid();  // a forked child inherits the set, but not the locks
};

Held& held() {
  static Held instance;
  return instance;
}

FileId id(const struct stat& info) { return {info.st_dev, info.st_ino}; }

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

[[noreturn]] void refuse(const std::filesystem::path& store, const std::string& owner) {
  throw IoError("'" + printable(store.string(), 4096) + "' is being written by " + owner +
                ": end that run first, or give this one another folder");
}

[[noreturn]] void cannot_lock(const std::filesystem::path& file, int error) {
  throw IoError("cannot lock '" + printable(file.string(), 4096) + "': " + std::strerror(error));
}

// "process 4711 on host7", as the owner wrote it; on the same machine the kernel knows the number too.
std::string owner_of(int descriptor) {
  std::array<char, 200> text{};
  const ssize_t length = pread(descriptor, text.data(), text.size(), 0);
  if (length > 0) return printable(std::string_view(text.data(), static_cast<std::size_t>(length)), text.size());
  struct flock lock = whole_file(F_WRLCK);
  fcntl(descriptor, F_GETLK, &lock);
  return "process " + std::to_string(lock.l_pid);
}

void sign(int descriptor) {
  std::array<char, 65> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string text = "process " + std::to_string(getpid()) + " on " + host.data();
  // Only for the message to whoever comes second: a failure here does not matter.
  if (ftruncate(descriptor, 0) == 0) (void)!pwrite(descriptor, text.data(), text.size(), 0);
}

// Whether the path still names the locked file: its last owner may have removed it between our open and our lock.
bool still_named(const std::filesystem::path& file, int descriptor, struct stat& info) {
  struct stat named {};
  return fstat(descriptor, &info) == 0 && stat(file.c_str(), &named) == 0 && id(info) == id(named);
}

}  // namespace

OwnerLock::OwnerLock(const std::filesystem::path& store) : file_(store.string() + "-lock") {
  Held& mine = held();
  const std::lock_guard guard(mine.mutex);
  if (mine.process != getpid()) {
    mine.files.clear();
    mine.process = getpid();
  }
  struct stat info {};
  while (true) {
    if (stat(file_.c_str(), &info) == 0 && mine.files.contains(id(info))) {
      refuse(store, "this very process (" + std::to_string(getpid()) + ")");
    }
    descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor_ < 0) cannot_lock(file_, errno);
    struct flock lock = whole_file(F_WRLCK);
    if (fcntl(descriptor_, F_SETLK, &lock) != 0) {
      const int error = errno;
      const std::string owner = owner_of(descriptor_);
      close(descriptor_);
      if (error != EACCES && error != EAGAIN) cannot_lock(file_, error);
      refuse(store, owner);
    }
    if (still_named(file_, descriptor_, info)) break;
    close(descriptor_);
  }
  mine.files.insert(id(info));
  sign(descriptor_);
}

OwnerLock::~OwnerLock() {
  Held& mine = held();
  const std::lock_guard guard(mine.mutex);
  struct stat info {};
  // Removed while it is still held: whoever comes next makes a new one.
  if (still_named(file_, descriptor_, info)) unlink(file_.c_str());
  mine.files.erase(id(info));
  close(descriptor_);
}

}  // namespace thalweg
