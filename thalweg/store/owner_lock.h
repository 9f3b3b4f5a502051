// One store, one writer: a lock beside the store, held for as long as its writer lives. The kernel keeps it (fcntl, not
// flock): it ends with the process however that ends, and forked children that outlive the process do not hold it.
#pragma once

#include <filesystem>

namespace thalweg {

class OwnerLock {
 public:
  // IoError: another writer lives, and is named; or the lock file cannot be made.
  explicit OwnerLock(const std::filesystem::path& store);
  ~OwnerLock();  // removes the lock file
  OwnerLock(const OwnerLock&) = delete;
  OwnerLock& operator=(const OwnerLock&) = delete;

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace thalweg
